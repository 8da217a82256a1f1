-- The integrations' attempts as their logs tell them, and our own to read each system.
select
  {{ entity_id('source.source_system', 'source.source_id') }} as sync_event_id,
  source.record_type,
  source.record_ref,
  source.from_domain,
  source.to_domain,
  source.attempt,
  source.status,
  source.error_class,
  coalesce(source.is_transient, false) as is_transient,
  source.occurred_at,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('sync_event') }}) as source

union all

select
  load_attempt_id as sync_event_id,
  'load' as record_type,
  source_system as record_ref,
  case
    {% for domain, system in enabled_systems() %}
    when source_system = '{{ system }}' then '{{ domain }}'
    {% endfor %}
    when source_system is null then ''
  end as from_domain,
  'warehouse' as to_domain,
  cast(row_number() over (
    partition by source_system order by started_at asc nulls last, load_attempt_id asc nulls last
  ) as int) as attempt,
  case when status = 'succeeded' then 'succeeded' else 'failed' end as status,
  error_class,
  coalesce(is_transient, false) as is_transient,
  ended_at as occurred_at,
  source_system,
  load_attempt_id as source_id,
  ended_at as source_updated_at,
  false as is_deleted
from {{ ref('load_attempt') }}
