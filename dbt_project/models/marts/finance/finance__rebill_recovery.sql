with rebillable as (
  select
    item.contract_line_id,
    item.customer_id,
    item.item_type,
    item.currency,
    cast({{ dbt.date_trunc('month', 'item.approved_date') }} as date) as cohort_month,
    cast({{ dbt.last_day('item.approved_date', 'month') }} as date) as cohort_end_date,
    item.entitled_amount,
    item.billed_amount,
    coalesce(over_cap.amount, 0) as over_cap_amount,
    case
      when item.item_type = 'expense_item' and line.expense_policy = 'markup' then coalesce(line.expense_markup_pct, 0)
      when item.item_type = 'supplier_cost' then coalesce(line.passthrough_markup_pct, 0)
      else 0
    end as markup_pct
  from {{ ref('ledger__items') }} as item
  left join {{ ref('contract_line') }} as line on item.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__item_claims') }} as over_cap
    on item.item_id = over_cap.item_id and over_cap.category = 'over_cap'
  where
    item.item_type in ('expense_item', 'supplier_cost')
    and item.status = 'approved'
    and item.entitled_amount > 0
    and coalesce(item.category, '') not in ('not_entitled', 'not_judged')
),

expected as (
  select
    rebillable.*,
    rebillable.entitled_amount - rebillable.over_cap_amount as expected_amount,
    {{ money(quotient(
      'cast(rebillable.entitled_amount - rebillable.over_cap_amount as decimal(20, 4)) * 100', '100 + rebillable.markup_pct'
    )) }} as expected_at_cost_amount
  from rebillable
)

select
  {{ dbt.hash(
    "coalesce(expected.contract_line_id, 'none') || '|' || "
    ~ "coalesce(expected.customer_id, 'none') || '|' || expected.item_type || '|' || "
    ~ "expected.currency || '|' || cast(expected.cohort_month as " ~ dbt.type_string() ~ ")"
  ) }} as rebill_recovery_id,
  {{ as_of_date() }} as as_of_date,
  expected.cohort_month,
  expected.item_type,
  line.legal_entity_id,
  expected.customer_id,
  coalesce(customer.name, 'unknown customer') as customer_name,
  expected.contract_line_id,
  coalesce(line.name, 'no contract line') as contract_line_name,
  cast(count(*) as int) as item_count,
  cast(sum(expected.expected_amount) as decimal(18, 4)) as expected_amount,
  cast(sum(expected.billed_amount) as decimal(18, 4)) as rebilled_amount,
  cast(
    sum(expected.expected_at_cost_amount) as decimal(18, 4)
  ) as expected_at_cost_amount,
  cast(
    sum(least(expected.billed_amount, expected.expected_at_cost_amount)) as decimal(18, 4)
  ) as rebilled_at_cost_amount,
  cast(
    round(
      100 * sum(expected.billed_amount) / nullif(sum(expected.expected_amount), 0), 4
    ) as decimal(18, 4)
  ) as recovery_pct,
  cast(
    round(
      100 * sum(least(expected.billed_amount, expected.expected_at_cost_amount))
      / nullif(sum(expected.expected_at_cost_amount), 0), 4
    ) as decimal(18, 4)
  ) as recovery_at_cost_pct,
  {{ dbt.datediff('expected.cohort_end_date', as_of_date(), 'day') }} >= max(policies.rebill_maturity) as is_mature,
  expected.currency
from expected
left join {{ ref('contract_line') }} as line on expected.contract_line_id = line.contract_line_id
left join {{ ref('customer') }} as customer on expected.customer_id = customer.customer_id
left join {{ ref('ledger__contract_line_policies') }} as policies on expected.contract_line_id = policies.contract_line_id
group by
  expected.cohort_month, expected.cohort_end_date, expected.item_type, line.legal_entity_id, expected.customer_id,
  customer.name, expected.contract_line_id, line.name, expected.currency
