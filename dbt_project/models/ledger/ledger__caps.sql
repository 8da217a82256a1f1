-- A change in another currency than its contract line's is never added to the cap: nobody agreed on a rate.
{% set foreign = 'coalesce(change_order.currency <> line.currency, false)' %}
with approved_changes as (
  select
    change_order.contract_line_id,
    sum(case when not {{ foreign }} then change_order.cap_delta_amount else 0 end) as cap_delta_amount,
    -- What the systems that bill do not know yet keeps them from billing.
    sum(case when sync.is_gap and not {{ foreign }} then greatest(0, sync.missing_cap_delta_amount) else 0 end)
      as unsynced_amount,
    max(case when {{ foreign }} and change_order.cap_delta_amount <> 0 then 1 else 0 end) = 1 as has_foreign_change
  from {{ ref('change_order') }} as change_order
  inner join {{ ref('contract_line') }} as line on change_order.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__change_order_sync') }} as sync on change_order.change_order_id = sync.change_order_id
  where {{ is_in_force('change_order') }}
  group by change_order.contract_line_id
),

-- Billing that names no item has used the cap as well; in another currency at the rate of its day.
lump_sums as (
  select
    line.contract_line_id,
    sum({{ converted('unexplained.unexplained_amount', 'unexplained.currency', 'contract_line.currency', 'fx') }}) as amount
  from {{ ref('ledger__unexplained_billing') }} as unexplained
  inner join {{ ref('ledger__posted_lines') }} as line on unexplained.invoice_line_id = line.invoice_line_id
  inner join {{ ref('contract_line') }} as contract_line on line.contract_line_id = contract_line.contract_line_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      unexplained.currency = fx.from_currency
      and contract_line.currency = fx.to_currency
      and line.rate_date = fx.calendar_date
  where not line.is_linked and line.line_type = 'items'
  group by line.contract_line_id
),

counted as (
  select
    item.item_id,
    item.contract_line_id,
    -- Cost that was credited uses no cap.
    item.entitled_amount + coalesce(credit.settled_amount, 0) as entitled_amount,
    item.currency,
    item.service_date,
    item.status,
    billing.billed_amount,
    case when item.item_type = 'expense_item' then 'expense' else 'fee' end as cap_kind,
    case
      when item.item_type = 'expense_item' then line.expense_cap_amount
      else line.cap_amount + coalesce(changes.cap_delta_amount, 0)
    end as cap_amount,
    case when item.item_type = 'expense_item' then 0 else coalesce(changes.unsynced_amount, 0) end as unsynced_amount,
    case when item.item_type = 'expense_item' then 0 else greatest(0, coalesce(lump_sums.amount, 0)) end as lump_sum_amount,
    item.item_type <> 'expense_item' and coalesce(changes.has_foreign_change, false) as is_cap_unsure
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  left join {{ ref('ledger__cost_credits') }} as credit on item.item_id = credit.item_id
  inner join {{ ref('contract_line') }} as line on item.contract_line_id = line.contract_line_id
  left join approved_changes as changes on line.contract_line_id = changes.contract_line_id
  left join lump_sums on line.contract_line_id = lump_sums.contract_line_id
  left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  where
    item.item_type in ('time_entry', 'expense_item', 'supplier_cost')
    and {{ uses_cap('item', 'billing', 'change_order') }}
),

cumulated as (
  select
    item_id,
    currency,
    cap_amount,
    unsynced_amount,
    is_cap_unsure,
    entitled_amount,
    {{ used_of_cap('counted', 'entitled_amount', 'counted.contract_line_id, counted.cap_kind') }} as committed_amount
  from counted
  where cap_amount is not null
)

select
  item_id,
  cast(cap_amount as decimal(18, 4)) as cap_amount,
  cast(committed_amount as decimal(18, 4)) as committed_amount,
  cast({{ above_cap('entitled_amount', 'committed_amount', 'cap_amount') }} as decimal(18, 4)) as over_cap_amount,
  cast(
    {{ above_cap('entitled_amount', 'committed_amount', '(cap_amount - greatest(0, unsynced_amount))') }}
    - {{ above_cap('entitled_amount', 'committed_amount', 'cap_amount') }} as decimal(18, 4)
  ) as blocked_amount,
  is_cap_unsure,
  currency
from cumulated
