-- A change order that took effect in a closed month, while the plan still adds up to the price before it.
with plans as (
  select
    contract_line_id,
    book,
    sum(planned_amount) as planned_amount,
    sum(case when planned_amount is null then 1 else 0 end) as unplanned_count
  from {{ ref('revenue_schedule') }}
  where not is_deleted
  group by contract_line_id, book
),

found as (
  select
    line.contract_line_id || '|' || plans.book as subject_key,
    'compliance' as verdict,
    'contract_line' as subject_type,
    line.source_system as subject_system,
    line.source_id as subject_source_id,
    line.contract_line_id as subject_id,
    line.engagement_id,
    line.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    line.currency,
    abs(price.price_amount - plans.planned_amount) as exposed_amount,
    'Reflect the change orders of ' || coalesce(line.name, line.source_id) || ' in its revenue schedule: planned '
    || {{ shown('plans.planned_amount', 'line.currency') }} || ', agreed ' || {{ shown('price.price_amount', 'line.currency') }}
    || '.' as action,
    'change_order' as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    price.last_change_date as expected_date,
    price.last_change_date as occurred_date,
    {{ dbt.datediff('price.last_change_date', as_of_date(), 'day') }} as days_past
  from plans
  inner join {{ ref('contract_line') }} as line on plans.contract_line_id = line.contract_line_id
  inner join {{ ref('ledger__prices') }} as price on plans.contract_line_id = price.contract_line_id
  inner join {{ ref('ledger__contract_line_policies') }} as policies on plans.contract_line_id = policies.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
  where
    plans.unplanned_count = 0
    and price.price_amount <> price.original_amount
    and abs(plans.planned_amount - price.price_amount) > policies.revrec_tolerance_amount
    and abs(plans.planned_amount - price.original_amount) <= policies.revrec_tolerance_amount
    and price.last_change_date < cast({{ dbt.date_trunc('month', as_of_date()) }} as date)
)

{{ detector_findings('modification_not_reflected', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
