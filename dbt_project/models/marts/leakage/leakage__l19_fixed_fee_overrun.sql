-- Work on a fixed price beyond what the price pays for: margin that erodes, never revenue that leaks.
with worked as (
  select
    contract_line_id,
    sum(entitled_amount) as amount,
    max(service_date) as last_date
  from {{ ref('ledger__items') }}
  where item_type = 'time_entry' and reason = 'included_in_fee' and status in ('approved', 'submitted')
  group by contract_line_id
),

found as (
  select
    line.contract_line_id as subject_key,
    'not_leakage' as verdict,
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
    greatest(
      coalesce(worked.amount - prices.price_amount, 0),
      coalesce(line.estimate_at_completion_amount - prices.price_amount, 0)
    ) as exposed_amount,
    'Review ' || coalesce(line.name, line.source_id) || ': work worth '
    || {{ shown('coalesce(worked.amount, 0)', 'line.currency') }}
    || ' stands against a price of ' || {{ shown('prices.price_amount', 'line.currency') }} || '.' as action,
    'margin_erosion' as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    worked.last_date as expected_date,
    worked.last_date as occurred_date,
    cast(0 as int) as days_past
  from {{ ref('contract_line') }} as line
  inner join {{ ref('ledger__prices') }} as prices on line.contract_line_id = prices.contract_line_id
  left join worked on line.contract_line_id = worked.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
  where
    line.billing_method in ('fixed_milestone', 'fixed_progress')
    and not line.is_deleted
    and (worked.amount > prices.price_amount or line.estimate_at_completion_amount > prices.price_amount)
)

{{ detector_findings('fixed_fee_overrun', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
