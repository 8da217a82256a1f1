with feeds as (
  -- Complete is only what every part of the feed reaches; a part that was never read reaches nowhere.
  select
    source_domain,
    case when count(*) = count(complete_through) then min(complete_through) end as complete_through
  from {{ ref('feed_status') }}
  group by source_domain
),

feed as (
  select
    max(case when source_domain = 'erp' then complete_through end) as billing_complete_through,
    max(case when source_domain = 'psa' then complete_through end) as work_complete_through
  from feeds
),

invoiced as (
  select
    item_id,
    cast(sum(contract_amount) as decimal(20, 4)) as invoiced_amount,
    cast(sum(quantity) as decimal(12, 4)) as invoiced_quantity
  from {{ ref('ledger__billing_allocations') }}
  where treatment = 'billing'
  group by item_id
),

allocations as (
  select
    allocation.*,
    case
      when allocation.treatment = 'concession' then 0
      -- A credit takes quantity back only when it credits it at about the price it was billed at. Less money per unit is
      -- a credit of price: the quantity stays billed.
      when
        allocation.treatment <> 'billing'
        and cast(abs(allocation.contract_amount) as decimal(20, 4)) * invoiced.invoiced_quantity
        < cast(0.9 as decimal(2, 1)) * cast(abs(allocation.quantity) as decimal(12, 4)) * invoiced.invoiced_amount
        then 0
      else allocation.quantity
    end as counted_quantity
  from {{ ref('ledger__billing_allocations') }} as allocation
  left join invoiced on allocation.item_id = invoiced.item_id
),

credits as (
  select
    allocation.item_id,
    allocation.posted_date,
    invoice.original_invoice_id
  from {{ ref('ledger__billing_allocations') }} as allocation
  left join {{ ref('invoice') }} as invoice on allocation.invoice_id = invoice.invoice_id
  where allocation.treatment = 'rebill'
),

-- What was billed again: by an invoice since the first credit, on its own day by one that the credit does not take back.
rebilled as (
  select
    billing.item_id,
    cast(sum(billing.contract_amount) as decimal(18, 4)) as rebilled_amount
  from {{ ref('ledger__billing_allocations') }} as billing
  inner join (
    select
      item_id,
      min(posted_date) as first_credit_date,
      max(case when original_invoice_id is null then 1 else 0 end) as is_any_unreferenced
    from credits
    group by item_id
  ) as credited on billing.item_id = credited.item_id
  left join (
    select distinct
      item_id,
      original_invoice_id
    from credits
  ) as original on billing.item_id = original.item_id and billing.invoice_id = original.original_invoice_id
  where
    billing.treatment = 'billing'
    and billing.contract_amount > 0
    and original.item_id is null
    and (
      billing.posted_date > credited.first_credit_date
      or (billing.posted_date = credited.first_credit_date and credited.is_any_unreferenced = 0)
    )
  group by billing.item_id
),

totals as (
  select
    item_id,
    cast(sum(contract_amount) as decimal(18, 4)) as billed_amount,
    cast(sum(counted_quantity) as decimal(9, 4)) as billed_quantity,
    cast(sum(case when treatment = 'concession' then -contract_amount else 0 end) as decimal(18, 4)) as concession_amount,
    cast(sum(case when treatment = 'rebill' then -contract_amount else 0 end) as decimal(18, 4)) as credited_amount,
    cast(
      sum(case when line_type in ('retainage', 'retainage_release') then -contract_amount end) as decimal(18, 4)
    ) as kept_back_amount,
    max(case when treatment = 'rebill' then posted_date end) as last_credit_date,
    min(case when treatment = 'billing' then posted_date end) as first_posted_date,
    max(case when treatment = 'billing' then posted_date end) as last_posted_date,
    cast(count(*) as int) as allocation_count,
    cast(sum(case when treatment = 'billing' and amount > 0 then 1 else 0 end) as int) as billing_count,
    cast(sum(case when contract_amount is null then 1 else 0 end) as int) as unconverted_count,
    cast(sum(case when currency <> contract_currency then 1 else 0 end) as int) as foreign_count,
    min(confidence) as confidence
  from allocations
  group by item_id
),

-- Of one piece of work that was entered twice and billed twice, the first entry that is still billed stands; the others repeat
-- it, also when they were credited since.
repeats as (
  {% set standing %}
    over (
      partition by repeated.first_entry_id
      order by
        case when totals.billed_amount > 0 then 0 else 1 end asc nulls last,
        repeated.entry_number asc nulls last
    )
  {% endset %}
  select
    repeated.time_entry_id as item_id,
    first_value(repeated.time_entry_id) {{ standing }} as repeats_item_id
  from {{ ref('ledger__repeated_entries') }} as repeated
  inner join totals on repeated.time_entry_id = totals.item_id
  where totals.billing_count > 0
),

drafts as (
  select distinct link.item_id
  from {{ ref('billing_link') }} as link
  inner join {{ ref('invoice_line') }} as line on link.invoice_line_id = line.invoice_line_id
  inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
  where
    invoice.status = 'draft'
    and not invoice.is_deleted
    and not line.is_deleted
    and not link.is_deleted
    and link.item_id is not null
),

billed as (
  select
    item.item_id,
    item.entitled_amount,
    item.quantity,
    coalesce(totals.billed_amount, 0) as billed_amount,
    coalesce(totals.billed_quantity, 0) as billed_quantity,
    coalesce(totals.concession_amount, 0) as conceded_amount,
    -- What is left of credits for errors once later invoices have billed the item again. Money that was missing before the
    -- credit and is missing after it is none of the credit's.
    case
      when coalesce(totals.credited_amount, 0) > 0
        then greatest(0, least(
          totals.credited_amount - coalesce(rebilled.rebilled_amount, 0),
          item.entitled_amount - totals.billed_amount - totals.concession_amount
        ))
      else 0
    end as credit_open_amount,
    totals.kept_back_amount,
    totals.last_credit_date,
    totals.first_posted_date,
    totals.last_posted_date,
    coalesce(totals.allocation_count, 0) as allocation_count,
    coalesce(totals.billing_count, 0) as billing_count,
    coalesce(totals.foreign_count, 0) > 0 as is_billed_in_other_currency,
    coalesce(totals.unconverted_count, 0) > 0 as is_billing_unconverted,
    drafts.item_id is not null as is_on_draft,
    -- Hours that an approver took away for a stated reason are given up like price.
    coalesce(case when valued.writedown_reason is not null then valued.writedown_amount end, 0) as writedown_amount,
    totals.confidence,
    repeats.repeats_item_id,
    -- The value at the agreed rate of the quantity that was billed: the yardstick of price, apart from that of completeness.
    case
      -- Nothing is owed for work that another entry stands for.
      when repeats.repeats_item_id is not null then 0
      -- A supplier's credit note is owed to the customer in full.
      when item.entitled_amount < 0 then item.entitled_amount
      when item.quantity > 0 and coalesce(totals.billed_quantity, 0) > 0
        then {{ money(quotient(
          'cast(item.entitled_amount as decimal(20, 4)) * least(totals.billed_quantity, item.quantity)', 'item.quantity'
        )) }}
      when item.quantity > 0 then 0
      else item.entitled_amount
    end as billed_quantity_value
  from {{ ref('ledger__billable_items') }} as item
  left join totals on item.item_id = totals.item_id
  left join rebilled on item.item_id = rebilled.item_id
  left join drafts on item.item_id = drafts.item_id
  left join repeats on item.item_id = repeats.item_id and repeats.item_id <> repeats.repeats_item_id
  left join {{ ref('ledger__time_values') }} as valued on item.item_id = valued.time_entry_id
),

-- A concession gives up price that is still missing; beyond that the credit only takes back what was billed too much.
conceded as (
  select
    billed.*,
    greatest(0, least(billed.conceded_amount, billed.billed_quantity_value - billed.billed_amount)) as price_concession_amount
  from billed
),

given_up as (
  select
    conceded.*,
    conceded.price_concession_amount
    + greatest(0, least(
      conceded.writedown_amount,
      conceded.entitled_amount - conceded.billed_amount - conceded.price_concession_amount
    )) as concession_amount
  from conceded
)

select
  given_up.item_id,
  cast(given_up.billed_amount as decimal(18, 4)) as billed_amount,
  cast(given_up.billed_quantity as decimal(9, 4)) as billed_quantity,
  cast(given_up.concession_amount as decimal(18, 4)) as concession_amount,
  cast(given_up.credit_open_amount as decimal(18, 4)) as credit_open_amount,
  given_up.kept_back_amount,
  given_up.last_credit_date,
  given_up.first_posted_date,
  given_up.last_posted_date,
  given_up.allocation_count,
  given_up.billing_count,
  given_up.is_billed_in_other_currency,
  given_up.is_billing_unconverted,
  given_up.is_on_draft,
  given_up.repeats_item_id,
  given_up.confidence,
  cast(given_up.billed_quantity_value as decimal(18, 4)) as billed_quantity_value,
  cast(greatest(0, given_up.billed_amount - given_up.billed_quantity_value) as decimal(18, 4)) as overbilled_amount,
  cast(
    greatest(0, given_up.billed_quantity_value - given_up.billed_amount - given_up.price_concession_amount) as decimal(18, 4)
  ) as underpriced_amount,
  cast(
    given_up.entitled_amount - given_up.billed_amount - given_up.concession_amount
    + greatest(0, given_up.billed_amount - given_up.billed_quantity_value) as decimal(18, 4)
  ) as open_amount,
  feed.billing_complete_through,
  feed.work_complete_through
from given_up
cross join feed
