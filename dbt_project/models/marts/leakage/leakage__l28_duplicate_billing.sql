select
  {{ dbt.hash("detector.detector_id || '|' || item.item_id") }} as finding_id,
  detector.detector_id,
  detector.category,
  'overbilling' as verdict,
  item.item_type as subject_type,
  item.source_system as subject_system,
  item.source_id as subject_source_id,
  item.item_id as subject_id,
  context.engagement_id,
  context.contract_line_id,
  context.customer_id,
  context.project_id,
  context.legal_entity_id,
  context.customer_name,
  context.contract_line_name,
  context.project_name,
  item.overbilled_amount as amount,
  item.currency,
  cast(null as decimal(18, 4)) as exposed_amount,
  cast(null as decimal(18, 4)) as carry_cost_amount,
  detector.owner,
  'Credit ' || {{ shown('item.overbilled_amount', 'item.currency') }} || ' to ' || context.customer_name
  || ' before the customer claims it; billed ' || {{ shown('item.billed_amount', 'item.currency') }} || ', agreed '
  || {{ shown('item.entitled_amount', 'item.currency') }} || '.' as action,
  cast(null as {{ dbt.type_string() }}) as reason,
  item.causes,
  context.evidence,
  item.expected_invoice_date as expected_date,
  item.service_date as occurred_date,
  item.days_past,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__items') }} as item
inner join {{ ref('detectors') }} as detector on detector.category = 'duplicate_billing'
inner join {{ ref('leakage__item_context') }} as context on item.item_id = context.item_id
inner join {{ ref('ledger__open_items') }} as open_item on item.item_id = open_item.item_id
where
  item.verdict <> 'not_yet_due'
  and item.overbilled_amount > open_item.tolerance_amount
  -- Without the price or a currency rate nobody can say that too much was billed; a stale feed does not matter here.
  and coalesce(open_item.not_judged_reason, 'stale_source') in ('stale_source', 'no_billing_feed', 'unexplained_billing')
  and item.billed_quantity > item.quantity
