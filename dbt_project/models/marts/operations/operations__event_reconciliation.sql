{#
  Kind of record -> the columns of its model that an event may name it by: some vendors tell of the document alone that a
  record is part of.
#}
{% set records = {
  'customer_record': ['source_id'], 'engagement': ['source_id'], 'contract_line': ['source_id'], 'change_order': ['source_id'],
  'project': ['source_id'], 'resource_record': ['source_id'], 'milestone': ['source_id'], 'time_entry': ['source_id'],
  'expense_item': ['source_id', 'report_source_id'], 'supplier_cost': ['source_id'], 'invoice': ['source_id'],
  'payment': ['source_id']} %}
{% set delay_minutes = '60 * ' ~ global_policy('event_delay') %}
with events as (
  select
    event_received_id,
    source_system,
    record_source_id,
    coalesce(occurred_at, received_at) as happened_at,
    received_at
  from {{ ref('event_received') }}
  where received_at < {{ as_of_moment() }}
),

-- From the first event on a system is expected to tell of every change.
senders as (
  select
    source_system,
    min(happened_at) as since
  from events
  group by source_system
),

records as (
  {% for record, names in records.items() %}
  {% for name in names %}
  select
    '{{ record | replace('_record', '') }}' as record_type,
    source_system,
    source_id,
    {{ name }} as told_id,
    source_updated_at as changed_at
  from {{ ref(record) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

told as (
  select
    records.record_type,
    records.source_system,
    records.source_id,
    records.changed_at,
    max(events.happened_at) as told_at
  from records
  inner join senders on records.source_system = senders.source_system
  left join events on records.source_system = events.source_system and records.told_id = events.record_source_id
  where records.changed_at >= senders.since and records.changed_at < {{ as_of_moment() }}
  group by records.record_type, records.source_system, records.source_id, records.changed_at
),

-- The clocks of sender and system may differ by as much as an event may be late.
judged as (
  select
    told.*,
    coalesce({{ dbt.datediff('told_at', 'changed_at', 'minute') }} <= {{ delay_minutes }}, false) as is_announced,
    {{ dbt.datediff('changed_at', as_of_moment(), 'minute') }} <= {{ delay_minutes }} as is_recent
  from told
),

missed as (
  select
    record_type,
    source_system,
    source_id,
    changed_at,
    row_number() over (
      partition by record_type, source_system order by changed_at desc nulls last, source_id asc nulls last
    ) as recency
  from judged
  where not is_announced and not is_recent
),

changes as (
  select
    source_system,
    record_type,
    count(*) as changed_count,
    sum(case when is_announced then 1 else 0 end) as announced_count,
    sum(case when not is_announced and is_recent then 1 else 0 end) as awaited_count,
    sum(case when not is_announced and not is_recent then 1 else 0 end) as missed_count
  from judged
  group by source_system, record_type
),

examples as (
  select
    source_system,
    record_type,
    max(changed_at) as last_missed_at,
    {{ dbt.listagg("source_id", "';'", "order by changed_at desc nulls last, source_id asc nulls last") }} as missed_source_ids
  from missed
  where recency <= 10
  group by source_system, record_type
),

-- Which kind of record an event is about, by the record that has its id; none, when no load has brought such a record.
spoken as (
  select
    events.event_received_id,
    events.source_system,
    coalesce(records.record_type, 'unknown') as record_type,
    max(events.received_at) as received_at
  from events
  left join records on events.source_system = records.source_system and events.record_source_id = records.told_id
  group by events.event_received_id, events.source_system, coalesce(records.record_type, 'unknown')
),

received as (
  select
    source_system,
    record_type,
    count(*) as event_count,
    max(received_at) as last_event_at
  from spoken
  group by source_system, record_type
),

pairs as (
  select
    source_system,
    record_type
  from changes
  union
  select
    source_system,
    record_type
  from received
)

select
  {{ dbt.hash("pairs.source_system || '|' || pairs.record_type") }} as event_reconciliation_id,
  {{ as_of_date() }} as as_of_date,
  pairs.source_system,
  pairs.record_type,
  senders.since,
  cast(coalesce(received.event_count, 0) as int) as event_count,
  received.last_event_at,
  cast(coalesce(changes.changed_count, 0) as int) as changed_count,
  cast(coalesce(changes.announced_count, 0) as int) as announced_count,
  cast(coalesce(changes.awaited_count, 0) as int) as awaited_count,
  cast(coalesce(changes.missed_count, 0) as int) as missed_count,
  {{ percentage('changes.announced_count', 'changes.announced_count + changes.missed_count') }} as announced_pct,
  examples.last_missed_at,
  examples.missed_source_ids
from pairs
inner join senders on pairs.source_system = senders.source_system
left join changes on pairs.source_system = changes.source_system and pairs.record_type = changes.record_type
left join received on pairs.source_system = received.source_system and pairs.record_type = received.record_type
left join examples on pairs.source_system = examples.source_system and pairs.record_type = examples.record_type
