-- A supplier's credit note, or a refund of an expense, makes the cost smaller that it takes back: as far as it was not passed
-- on yet it comes off what that supplier's or person's costs on the contract line still wait to be billed. The rest of it is
-- owed to the customer.
with open_costs as (
  select
    item.item_id,
    item.contract_line_id,
    item.item_type,
    item.source_system,
    coalesce(cost.supplier_name, item.resource_id) as payee,
    item.currency,
    item.status,
    item.service_date,
    case when item.entitled_amount < 0 then billing.overbilled_amount else 0 end as credit_amount,
    case when item.entitled_amount > 0 then greatest(0, billing.open_amount) else 0 end as open_amount
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  left join {{ ref('supplier_cost') }} as cost on item.item_id = cost.supplier_cost_id
  where
    item.item_type in ('supplier_cost', 'expense_item')
    and item.not_entitled_reason is null
    and item.not_judged_reason is null
    and not billing.is_billing_unconverted
    and item.status in ('approved', 'submitted')
    -- A credit counts once it is approved.
    and (item.status = 'approved' or item.entitled_amount > 0)
),

cumulated as (
  {% set of_payee = 'partition by contract_line_id, item_type, source_system, payee, currency' %}
  select
    open_costs.*,
    sum(credit_amount) over ({{ of_payee }}) as all_credit_amount,
    sum(open_amount) over ({{ of_payee }}) as all_open_amount,
    -- The oldest first; what still waits for approval comes last.
    sum(credit_amount) over (
      {{ of_payee }}
      order by service_date asc nulls last, item_id asc nulls last
      rows between unbounded preceding and current row
    ) as credit_to_here_amount,
    sum(open_amount) over (
      {{ of_payee }}
      order by case when status = 'approved' then 0 else 1 end asc nulls last, service_date asc nulls last, item_id asc nulls last
      rows between unbounded preceding and current row
    ) as open_to_here_amount
  from open_costs
),

settled as (
  select
    item_id,
    currency,
    greatest(0, least(credit_amount, all_open_amount - (credit_to_here_amount - credit_amount)))
    - greatest(0, least(open_amount, all_credit_amount - (open_to_here_amount - open_amount))) as settled_amount
  from cumulated
  where payee is not null
)

select
  item_id,
  cast(settled_amount as decimal(18, 4)) as settled_amount,
  currency
from settled
where settled_amount <> 0
