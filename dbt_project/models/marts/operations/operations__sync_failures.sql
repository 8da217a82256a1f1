-- When the record first came through after its last failure.
with attempts as (
  select
    record_type || '|' || record_ref || '|' || to_domain as sync_record_id,
    status,
    occurred_at,
    max(case when status <> 'succeeded' then occurred_at end) over (
      partition by record_type, record_ref, to_domain
    ) as last_failed_at
  from {{ ref('sync_event') }}
  where not is_deleted and occurred_at < {{ as_of_moment() }}
),

repairs as (
  select
    sync_record_id,
    min(occurred_at) as repaired_at
  from attempts
  where status = 'succeeded' and occurred_at > last_failed_at
  group by sync_record_id
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

records as (
  select
    health.record_type,
    health.from_domain,
    health.to_domain,
    health.failed_count,
    health.is_past_sla,
    items.currency,
    items.open_amount,
    health.is_open and not health.is_past_sla as is_in_flight,
    case when not health.is_open then {{ dbt.datediff('health.first_failed_at', 'repairs.repaired_at', 'minute') }} end
      as repair_minutes
  from {{ ref('ledger__sync_health') }} as health
  left join repairs on health.sync_record_id = repairs.sync_record_id
  left join items on health.record_type = items.item_type and health.record_ref = items.source_id
),

judged as (
  select
    records.*,
    case when repair_minutes is not null then repair_minutes <= 60 * {{ global_policy('sync_sla') }} end as is_repaired_in_time
  from records
)

select
  {{ dbt.hash(
    "record_type || '|' || coalesce(from_domain, 'none') || '|' || to_domain || '|' || coalesce(currency, 'none')"
  ) }} as sync_failures_id,
  {{ as_of_date() }} as as_of_date,
  record_type,
  from_domain,
  to_domain,
  cast(count(*) as int) as record_count,
  cast(sum(failed_count) as int) as failed_attempt_count,
  cast(sum(case when is_past_sla then 1 else 0 end) as int) as unsynced_count,
  cast(sum(case when is_in_flight then 1 else 0 end) as int) as in_flight_count,
  cast(sum(case when repair_minutes is not null then 1 else 0 end) as int) as repaired_count,
  cast(sum(case when is_repaired_in_time then 1 else 0 end) as int) as repaired_in_time_count,
  {{ percentage(
    'sum(case when is_repaired_in_time then 1 else 0 end)',
    'sum(case when is_past_sla or repair_minutes is not null then 1 else 0 end)'
  ) }} as repaired_in_time_pct,
  cast(round({{ quotient(
    'cast(sum(repair_minutes) as decimal(18, 4))', '60 * nullif(count(repair_minutes), 0)'
  ) }}, 2) as decimal(18, 4)) as mean_repair_hours,
  cast(sum(case when is_past_sla then open_amount end) as decimal(18, 4)) as stuck_amount,
  currency
from judged
group by record_type, from_domain, to_domain, currency
