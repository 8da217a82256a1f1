-- An outage of a record is what failed in a row until it came through; counting successes tells the outages apart.
with attempts as (
  select
    event.*,
    record_type || '|' || record_ref || '|' || to_domain as sync_record_id,
    sum(case when status = 'succeeded' then 1 else 0 end) over (
      partition by record_type, record_ref, to_domain
      order by occurred_at asc nulls last, attempt asc nulls last, sync_event_id asc nulls last
      rows between unbounded preceding and current row
    ) as success_count
  from {{ ref('sync_event') }} as event
  where not is_deleted and occurred_at < {{ as_of_moment() }}
),

failures as (
  select
    attempts.*,
    row_number() over (
      partition by sync_record_id, success_count
      order by occurred_at desc nulls last, attempt desc nulls last, sync_event_id desc nulls last
    ) as recency
  from attempts
  where status <> 'succeeded'
),

outages as (
  select
    sync_record_id,
    success_count,
    min(record_type) as record_type,
    min(record_ref) as record_ref,
    min(from_domain) as from_domain,
    min(to_domain) as to_domain,
    min(source_system) as source_system,
    max(case when recency = 1 then error_class end) as error_class,
    max(case when recency = 1 and is_transient then 1 else 0 end) = 1 as is_transient,
    count(*) as failed_count,
    sum(case when is_transient then 1 else 0 end) as transient_count,
    min(occurred_at) as first_failed_at,
    max(occurred_at) as last_failed_at
  from failures
  group by sync_record_id, success_count
),

repairs as (
  select
    sync_record_id,
    success_count,
    occurred_at as repaired_at
  from attempts
  where status = 'succeeded'
),

items as (
  select
    item_type,
    source_id,
    min(currency) as currency,
    sum(open_amount) as open_amount
  from {{ ref('ledger__items') }}
  group by item_type, source_id
),

timed as (
  select
    outages.*,
    repairs.repaired_at,
    items.open_amount,
    items.currency,
    {{ dbt.datediff('outages.first_failed_at', 'coalesce(repairs.repaired_at, ' ~ as_of_moment() ~ ')', 'minute') }}
      as failing_minutes
  from outages
  left join repairs
    on outages.sync_record_id = repairs.sync_record_id and outages.success_count + 1 = repairs.success_count
  left join items on outages.record_type = items.item_type and outages.record_ref = items.source_id
)

select
  {{ dbt.hash("sync_record_id || '|' || cast(success_count as " ~ dbt.type_string() ~ ")") }} as failed_sync_id,
  {{ as_of_date() }} as as_of_date,
  record_type,
  record_ref,
  from_domain,
  to_domain,
  case when repaired_at is not null then 'retried' when is_transient then 'transient' else 'permanent' end as outcome,
  error_class,
  cast(failed_count as int) as failed_count,
  cast(failed_count - transient_count as int) as permanent_count,
  cast(transient_count as int) as transient_count,
  first_failed_at,
  last_failed_at,
  repaired_at,
  cast(round({{ quotient('cast(failing_minutes as decimal(18, 4))', '60') }}, 2) as decimal(18, 4)) as failing_hours,
  failing_minutes > 60 * {{ global_policy('sync_sla') }} as is_past_sla,
  case when repaired_at is null then cast(open_amount as decimal(18, 4)) end as stuck_amount,
  currency,
  source_system
from timed
