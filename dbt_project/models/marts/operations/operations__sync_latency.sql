{#
  How long records take from the moment when they were ready until the next system has them. An entity, where its record is
  found, since when it is ready, and the SLA: that of the policies.
#}
{% set entities = [
  ('time_entry', 'approved_at', global_policy('time_sync_sla')),
  ('expense_item', 'approved_at', global_policy('expense_sync_sla')),
  ('invoice', 'posted_date', global_policy('invoice_sync_sla')),
  ('payment', 'payment_date', global_policy('payment_sync_sla')),
] %}
with arrivals as (
  select
    record_type,
    record_ref,
    to_domain,
    min(from_domain) as from_domain,
    min(case when status = 'succeeded' then occurred_at end) as arrived_at
  from {{ ref('sync_event') }}
  where not is_deleted and occurred_at < {{ as_of_moment() }}
  group by record_type, record_ref, to_domain
),

records as (
  {% for entity, ready_column, sla in entities %}
  select
    arrivals.record_type,
    arrivals.record_ref,
    arrivals.from_domain,
    arrivals.to_domain,
    arrivals.arrived_at,
    cast(record.{{ ready_column }} as {{ dbt.type_timestamp() }}) as ready_at,
    {{ sla }} as sla_hours
  from arrivals
  inner join {{ ref(entity) }} as record on arrivals.record_ref = record.source_id
  where arrivals.record_type = '{{ entity }}' and not record.is_deleted and record.{{ ready_column }} is not null
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

timed as (
  select
    records.*,
    cast({{ dbt.date_trunc('month', 'ready_at') }} as date) as ready_month,
    greatest(0, {{ dbt.datediff('ready_at', 'coalesce(arrived_at, ' ~ as_of_moment() ~ ')', 'minute') }}) as latency_minutes
  from records
),

judged as (
  select
    timed.*,
    latency_minutes > 60 * sla_hours as is_late,
    {{ value_rank('latency_minutes', ['record_type', 'from_domain', 'to_domain', 'ready_month'], 'record_ref') }} as latency_rank,
    count(*) over (partition by record_type, from_domain, to_domain, ready_month) as latency_count
  from timed
)

select
  {{ dbt.hash(
    "record_type || '|' || coalesce(from_domain, 'none') || '|' || to_domain || '|' || cast(ready_month as "
    ~ dbt.type_string() ~ ")"
  ) }} as sync_latency_id,
  {{ as_of_date() }} as as_of_date,
  record_type,
  from_domain,
  to_domain,
  ready_month,
  cast(max(sla_hours) as decimal(18, 4)) as sla_hours,
  cast(count(*) as int) as record_count,
  cast(sum(case when arrived_at is null then 1 else 0 end) as int) as waiting_count,
  cast(sum(case when is_late then 1 else 0 end) as int) as late_count,
  {{ percentage(
    'sum(case when not is_late and arrived_at is not null then 1 else 0 end)',
    'sum(case when is_late or arrived_at is not null then 1 else 0 end)'
  ) }} as within_sla_pct,
  cast(round({{ quotient(percentile('latency_minutes', 'latency_rank', 'latency_count', 50), '60') }}, 2) as decimal(18, 4))
    as p50_hours,
  cast(round({{ quotient(percentile('latency_minutes', 'latency_rank', 'latency_count', 90), '60') }}, 2) as decimal(18, 4))
    as p90_hours,
  cast(round({{ quotient('cast(max(latency_minutes) as decimal(18, 4))', '60') }}, 2) as decimal(18, 4)) as longest_hours
from judged
group by record_type, from_domain, to_domain, ready_month
