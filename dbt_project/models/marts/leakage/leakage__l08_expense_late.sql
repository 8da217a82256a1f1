-- Expenses and supplier costs that were passed on later than expected; the first posted invoice counts.
with first_billed as (
  select
    item_id,
    invoice_id,
    posted_date,
    contract_amount,
    row_number() over (
      partition by item_id order by posted_date asc nulls last, allocation_id asc nulls last
    ) as billing_rank
  from {{ ref('ledger__billing_allocations') }}
  where treatment = 'billing' and amount > 0
),

found as (
  select
    item.item_id as subject_key,
    'timing_delay' as verdict,
    item.item_type as subject_type,
    item.source_system as subject_system,
    item.source_id as subject_source_id,
    item.item_id as subject_id,
    item.engagement_id,
    item.contract_line_id,
    item.customer_id,
    item.project_id,
    context.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    item.currency,
    first_billed.contract_amount as exposed_amount,
    {{ money(quotient(
      'cast(first_billed.contract_amount as decimal(20, 4)) * cast(item.carry_rate as decimal(9, 6)) * '
      ~ dbt.datediff('item.expected_invoice_date', 'first_billed.posted_date', 'day'), '36500'
    )) }} as carry_cost_amount,
    'Pass on costs of ' || context.contract_line_name || ' with the run of ' || {{ said('item.expected_invoice_date') }}
    || '; this one went out on ' || {{ said('first_billed.posted_date') }} || '.' as action,
    cast(null as {{ dbt.type_string() }}) as reason,
    item.causes,
    context.evidence,
    item.expected_invoice_date as expected_date,
    first_billed.posted_date as occurred_date,
    {{ dbt.datediff('item.expected_invoice_date', 'first_billed.posted_date', 'day') }} as days_past
  from first_billed
  inner join {{ ref('ledger__items') }} as item on first_billed.item_id = item.item_id
  inner join {{ ref('leakage__item_context') }} as context on item.item_id = context.item_id
  where
    first_billed.billing_rank = 1
    and item.item_type in ('expense_item', 'supplier_cost')
    and first_billed.posted_date > item.expected_invoice_date
)

{{ detector_findings('expense_late', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past',
  'carry_cost_amount', 'causes']) }}
