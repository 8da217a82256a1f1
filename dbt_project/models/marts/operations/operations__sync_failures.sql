with outages as (
  select
    record_type || '|' || record_ref || '|' || to_domain as sync_record_id,
    sum(failed_count) as failed_count,
    sum(permanent_count) as permanent_count,
    sum(transient_count) as transient_count,
    sum(case when outcome = 'retried' then 1 else 0 end) as repaired_count,
    sum(case when outcome = 'retried' and not is_past_sla then 1 else 0 end) as repaired_in_time_count,
    sum(case when outcome = 'retried' then failing_hours end) as repair_hours,
    sum(case when outcome <> 'retried' then stuck_amount end) as stuck_amount
  from {{ ref('operations__failed_syncs') }}
  group by record_type || '|' || record_ref || '|' || to_domain
),

items as (
  select
    item_type,
    source_id,
    min(currency) as currency
  from {{ ref('ledger__items') }}
  group by item_type, source_id
),

records as (
  select
    health.record_type,
    health.from_domain,
    health.to_domain,
    health.is_past_sla,
    health.is_open and not health.is_past_sla as is_in_flight,
    coalesce(outages.failed_count, 0) as failed_count,
    coalesce(outages.permanent_count, 0) as permanent_count,
    coalesce(outages.transient_count, 0) as transient_count,
    coalesce(outages.repaired_count, 0) as repaired_count,
    coalesce(outages.repaired_in_time_count, 0) as repaired_in_time_count,
    outages.repair_hours,
    outages.stuck_amount,
    items.currency
  from {{ ref('ledger__sync_health') }} as health
  left join outages on health.sync_record_id = outages.sync_record_id
  left join items on health.record_type = items.item_type and health.record_ref = items.source_id
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
  cast(sum(permanent_count) as int) as permanent_attempt_count,
  cast(sum(transient_count) as int) as transient_attempt_count,
  cast(sum(case when is_past_sla then 1 else 0 end) as int) as unsynced_count,
  cast(sum(case when is_in_flight then 1 else 0 end) as int) as in_flight_count,
  cast(sum(repaired_count) as int) as repaired_count,
  cast(sum(repaired_in_time_count) as int) as repaired_in_time_count,
  {{ percentage(
    'sum(repaired_in_time_count)', 'sum(repaired_count + case when is_past_sla then 1 else 0 end)'
  ) }} as repaired_in_time_pct,
  cast(round({{ quotient('sum(repair_hours)', 'nullif(sum(repaired_count), 0)') }}, 2) as decimal(18, 4))
    as mean_repair_hours,
  cast(sum(case when is_past_sla then stuck_amount end) as decimal(18, 4)) as stuck_amount,
  currency
from records
group by record_type, from_domain, to_domain, currency
