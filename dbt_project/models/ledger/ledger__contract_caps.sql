-- The cap of a whole contract, over the fees of all its lines that the lines' own caps leave. What changes of its lines add to
-- their caps they add to it; one in another currency is never added, and what may lie above the cap is then not judged.
with changes as (
  select
    change_order.engagement_id,
    sum(case when change_order.currency = engagement.currency then change_order.cap_delta_amount else 0 end) as cap_delta_amount,
    max(
      case when change_order.currency <> engagement.currency and change_order.cap_delta_amount <> 0 then 1 else 0 end
    ) = 1 as has_foreign_change
  from {{ ref('change_order') }} as change_order
  inner join {{ ref('engagement') }} as engagement on change_order.engagement_id = engagement.engagement_id
  where {{ is_in_force('change_order') }}
  group by change_order.engagement_id
),

-- Billing that names no item has used the cap as well.
lump_sums as (
  select
    contract_line.engagement_id,
    sum(unexplained.unexplained_amount) as amount
  from {{ ref('ledger__unexplained_billing') }} as unexplained
  inner join {{ ref('ledger__posted_lines') }} as line on unexplained.invoice_line_id = line.invoice_line_id
  inner join {{ ref('contract_line') }} as contract_line on line.contract_line_id = contract_line.contract_line_id
  inner join {{ ref('engagement') }} as engagement
    on contract_line.engagement_id = engagement.engagement_id and unexplained.currency = engagement.currency
  where not line.is_linked and line.line_type = 'items'
  group by contract_line.engagement_id
),

counted as (
  select
    item.item_id,
    item.engagement_id,
    item.service_date,
    item.status,
    item.currency,
    billing.billed_amount,
    item.entitled_amount + coalesce(credit.settled_amount, 0) - coalesce(caps.over_cap_amount, 0) as amount,
    engagement.cap_amount + coalesce(changes.cap_delta_amount, 0) as cap_amount,
    greatest(0, coalesce(lump_sums.amount, 0)) as lump_sum_amount,
    coalesce(changes.has_foreign_change, false) as is_cap_unsure
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  inner join {{ ref('engagement') }} as engagement
    on item.engagement_id = engagement.engagement_id and item.currency = engagement.currency
  left join changes on item.engagement_id = changes.engagement_id
  left join lump_sums on item.engagement_id = lump_sums.engagement_id
  left join {{ ref('ledger__caps') }} as caps on item.item_id = caps.item_id
  left join {{ ref('ledger__cost_credits') }} as credit on item.item_id = credit.item_id
  left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  where
    engagement.cap_amount is not null
    and item.item_type in ('time_entry', 'supplier_cost')
    and {{ uses_cap('item', 'billing', 'change_order') }}
),

cumulated as (
  select
    counted.*,
    {{ used_of_cap('counted', 'amount', 'counted.engagement_id') }} as committed_amount
  from counted
)

select
  item_id,
  engagement_id,
  cast(cap_amount as decimal(18, 4)) as cap_amount,
  cast(committed_amount as decimal(18, 4)) as committed_amount,
  cast({{ above_cap('amount', 'committed_amount', 'cap_amount') }} as decimal(18, 4)) as over_cap_amount,
  is_cap_unsure,
  currency
from cumulated
