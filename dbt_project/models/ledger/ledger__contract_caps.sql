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
  where
    change_order.status = 'approved'
    and not change_order.is_deleted
    and coalesce(change_order.effective_date, change_order.approved_date) <= {{ as_of_date() }}
    and coalesce(change_order.approved_date, change_order.effective_date) <= {{ as_of_date() }}
  group by change_order.engagement_id
),

counted as (
  select
    item.item_id,
    item.engagement_id,
    item.service_date,
    item.status,
    item.currency,
    billing.billed_amount,
    item.entitled_amount - coalesce(caps.over_cap_amount, 0) as amount,
    engagement.cap_amount + coalesce(changes.cap_delta_amount, 0) as cap_amount,
    coalesce(changes.has_foreign_change, false) as is_cap_unsure
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  inner join {{ ref('engagement') }} as engagement
    on item.engagement_id = engagement.engagement_id and item.currency = engagement.currency
  left join changes on item.engagement_id = changes.engagement_id
  left join {{ ref('ledger__caps') }} as caps on item.item_id = caps.item_id
  left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  where
    engagement.cap_amount is not null
    and item.item_type in ('time_entry', 'supplier_cost')
    and item.not_entitled_reason is null
    and billing.repeats_item_id is null
    and item.entitled_amount is not null
    and item.status in ('approved', 'submitted')
    and coalesce({{ change_order_status('change_order') }}, 'approved') not in ('draft', 'pending')
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

cumulated as (
  select
    counted.*,
    case when counted.billed_amount > 0 then 0 else greatest(0, coalesce(lump_sums.amount, 0)) end
    + sum(counted.amount) over (
      partition by counted.engagement_id
      order by
        case when counted.billed_amount > 0 then 0 when counted.status = 'approved' then 1 else 2 end asc nulls last,
        counted.service_date asc nulls last,
        counted.item_id asc nulls last
      rows between unbounded preceding and current row
    ) as committed_amount
  from counted
  left join lump_sums on counted.engagement_id = lump_sums.engagement_id
)

select
  item_id,
  engagement_id,
  cast(cap_amount as decimal(18, 4)) as cap_amount,
  cast(committed_amount as decimal(18, 4)) as committed_amount,
  cast(greatest(0, least(amount, committed_amount - cap_amount)) as decimal(18, 4)) as over_cap_amount,
  is_cap_unsure,
  currency
from cumulated
