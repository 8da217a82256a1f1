with won as (
  select
    setup.*,
    cast({{ dbt.date_trunc('month', 'setup.won_date') }} as date) as won_month
  from {{ ref('ledger__project_setup') }} as setup
),

ranked as (
  select
    won.*,
    {{ value_rank('setup_business_days', ['legal_entity_id', 'won_month'], 'engagement_id') }} as days_rank,
    count(setup_business_days) over (partition by legal_entity_id, won_month) as days_count
  from won
)

select
  {{ dbt.hash(
    "coalesce(ranked.legal_entity_id, 'none') || '|' || cast(ranked.won_month as " ~ dbt.type_string() ~ ")"
  ) }} as project_setup_latency_id,
  {{ as_of_date() }} as as_of_date,
  ranked.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  ranked.won_month,
  cast(count(*) as int) as won_count,
  cast(sum(case when ranked.ready_date is null then 1 else 0 end) as int) as open_count,
  cast(sum(case when ranked.is_late then 1 else 0 end) as int) as late_count,
  {{ median('ranked.setup_business_days', 'ranked.days_rank', 'ranked.days_count') }} as p50_business_days,
  {{ percentile('ranked.setup_business_days', 'ranked.days_rank', 'ranked.days_count', 90) }} as p90_business_days,
  cast(max(ranked.setup_business_days) as int) as longest_business_days,
  -- What is open and not yet late has still to show whether it keeps its SLA.
  {{ percentage(
    'sum(case when not ranked.is_late and ranked.ready_date is not null then 1 else 0 end)',
    'sum(case when ranked.is_late or ranked.ready_date is not null then 1 else 0 end)'
  ) }} as within_sla_pct
from ranked
left join {{ ref('legal_entity') }} as legal_entity on ranked.legal_entity_id = legal_entity.legal_entity_id
group by ranked.legal_entity_id, legal_entity.name, ranked.won_month
