-- (Step 1/5) Posted invoice lines as of the business date; nothing else is evidence of billing.
with posted_lines as (
  select
    line.invoice_line_id,
    line.invoice_id,
    line.contract_line_id,
    invoice.customer_id,
    line.resource_id,
    line.net_amount,
    line.quantity,
    line.currency,
    line.service_from_date,
    line.service_to_date,
    line.line_type,
    invoice.posted_date,
    -- A credit is converted as what it credits was: a currency difference between the two is nobody's loss.
    coalesce(original.posted_date, invoice.posted_date) as rate_date,
    invoice.invoice_type,
    case
      when invoice.invoice_type = 'credit_memo' then coalesce(reasons.treatment, 'rebill')
      else 'billing'
    end as treatment
  from {{ ref('invoice_line') }} as line
  inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
  left join {{ ref('invoice') }} as original
    on invoice.original_invoice_id = original.invoice_id and invoice.invoice_type = 'credit_memo'
  left join {{ ref('credit_reasons') }} as reasons on lower(invoice.reason_code) = reasons.reason_code
  where
    invoice.status = 'posted'
    and not invoice.is_deleted
    and not line.is_deleted
    and invoice.posted_date <= {{ as_of_date() }}
    -- What one company of the firm charges another is no billing of the customer.
    and invoice.intercompany_legal_entity_id is null
),

-- (Step 2/5) Explicit links from the billing system.
explicit_links as (
  select
    line.invoice_line_id,
    link.item_id,
    link.quantity,
    link.amount,
    'explicit' as method,
    cast(1 as decimal(9, 4)) as confidence
  from posted_lines as line
  inner join {{ ref('billing_link') }} as link on line.invoice_line_id = link.invoice_line_id
  where not link.is_deleted and link.item_id is not null
),

linked_lines as (
  select distinct link.invoice_line_id
  from {{ ref('billing_link') }} as link
  where not link.is_deleted
),

linked_items as (
  select distinct item_id
  from explicit_links
),

-- Lines without any link, and the items that could be what they bill: same contract line and service period, same
-- person where the line names one, not linked to any posted line. Only hourly lines bill a sum of time entries; a fee
-- line of a retainer or fixed price must never be spread over the expenses of its month.
unlinked_lines as (
  select
    line.*,
    -- Lines that look the same bill different items: the first bills the first match, the second the second.
    row_number() over (
      partition by
        line.contract_line_id, line.customer_id, line.resource_id, line.currency, line.net_amount,
        line.service_from_date, line.service_to_date
      order by line.invoice_line_id asc nulls last
    ) as twin_number
  from posted_lines as line
  left join linked_lines on line.invoice_line_id = linked_lines.invoice_line_id
  where linked_lines.invoice_line_id is null and line.net_amount > 0 and line.line_type in ('items', 'true_up')
),

candidates as (
  select
    line.invoice_line_id,
    line.net_amount,
    line.line_type,
    line.twin_number,
    item.item_id,
    item.item_type,
    item.quantity,
    -- Amounts are compared in the currency of the invoice line.
    coalesce(
      {{ converted('item.entitled_amount', 'item.currency', 'line.currency', 'fx') }}, item.entitled_amount
    ) as entitled_amount,
    item.service_date
  from unlinked_lines as line
  inner join {{ ref('ledger__billable_items') }} as item
    on
      line.contract_line_id = item.contract_line_id
      and (line.resource_id is null or line.resource_id = item.resource_id)
      and (item.item_type <> 'milestone' or line.customer_id is null or line.customer_id = item.customer_id)
      -- A true-up settles the last period that had ended before it, unless it names another one.
      and (
        item.service_date between line.service_from_date and line.service_to_date
        or (line.line_type = 'true_up' and line.service_to_date is null and item.service_date <= line.posted_date)
      )
      and (item.item_type = 'commitment') = (line.line_type = 'true_up')
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      item.currency = fx.from_currency
      and line.currency = fx.to_currency
      and line.rate_date = fx.calendar_date
  left join linked_items as billed on item.item_id = billed.item_id
  -- What was entered twice is one piece of work.
  left join {{ ref('ledger__repeated_entries') }} as repeated
    on item.item_id = repeated.time_entry_id and repeated.entry_number > 1
  where
    billed.item_id is null
    and repeated.time_entry_id is null
    and item.status = 'approved'
    and item.entitled_amount > 0
    and item.not_entitled_reason is null
    and item.not_judged_reason is null
),

time_candidates as (
  select
    candidates.*,
    sum(entitled_amount) over (partition by invoice_line_id) as candidate_amount,
    sum(entitled_amount) over (
      partition by invoice_line_id
      order by service_date asc nulls last, item_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from candidates
  where item_type = 'time_entry'
),

true_ups as (
  select
    candidates.*,
    row_number() over (
      partition by invoice_line_id order by service_date desc nulls last, item_id asc nulls last
    ) as match_number
  from candidates
  where line_type = 'true_up'
),

single_candidates as (
  select
    candidates.*,
    row_number() over (
      partition by invoice_line_id order by service_date asc nulls last, item_id asc nulls last
    ) as match_number
  from candidates
  where item_type not in ('time_entry', 'commitment') and entitled_amount = net_amount
),

ranked as (
  select
    invoice_line_id,
    item_id,
    quantity,
    case when net_amount = candidate_amount then 1 else 3 end as preference,
    net_amount,
    candidate_amount,
    running_amount,
    entitled_amount,
    false as is_part
  from time_candidates
  union all
  select
    invoice_line_id,
    item_id,
    quantity,
    2 as preference,
    net_amount,
    net_amount as candidate_amount,
    net_amount as running_amount,
    net_amount as entitled_amount,
    false as is_part
  from single_candidates
  where match_number = twin_number
  union all
  select
    invoice_line_id,
    item_id,
    quantity,
    1 as preference,
    net_amount,
    net_amount as candidate_amount,
    net_amount as running_amount,
    net_amount as entitled_amount,
    true as is_part
  from true_ups
  where match_number = 1
),

-- The best explanation of a line, and the first line that explains an item: nothing is billed twice by inference. A period's
-- commitment may be trued up in parts.
chosen as (
  select
    ranked.*,
    min(preference) over (partition by invoice_line_id) as line_preference,
    row_number() over (
      partition by item_id order by preference asc nulls last, invoice_line_id asc nulls last
    ) as item_rank
  from ranked
),

-- (Step 3/5) Exact matches, then pro rata shares that add up to the line exactly (cumulative rounding).
inferred as (
  select
    invoice_line_id,
    item_id,
    quantity,
    case
      when net_amount >= candidate_amount then entitled_amount
      else
        {{ money(quotient('cast(net_amount as decimal(20, 4)) * running_amount', 'candidate_amount')) }}
        - {{ money(quotient('cast(net_amount as decimal(20, 4)) * (running_amount - entitled_amount)', 'candidate_amount')) }}
    end as amount,
    case when net_amount = candidate_amount then 'matched' else 'pro_rata' end as method,
    case when net_amount = candidate_amount then cast(0.9 as decimal(9, 4)) else cast(0.5 as decimal(9, 4)) end as confidence
  from chosen
  where (item_rank = 1 or is_part) and preference = line_preference
),

matched as (
  select
    invoice_line_id,
    item_id,
    quantity,
    amount,
    method,
    confidence
  from explicit_links
  union all
  select
    invoice_line_id,
    item_id,
    quantity,
    amount,
    method,
    confidence
  from inferred
),

-- (Step 4/5) What the customer keeps back of an invoice is kept back of the items on it, in proportion; what is released
-- goes to the items that it was kept back of. Cumulative rounding makes the shares add up.
kept_back as (
  select
    line.invoice_line_id,
    line.contract_line_id,
    line.net_amount,
    matched.item_id,
    sum(matched.amount) over (partition by line.invoice_line_id) as base_amount,
    sum(matched.amount) over (
      partition by line.invoice_line_id
      order by matched.item_id asc nulls last, matched.invoice_line_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount,
    matched.amount
  from posted_lines as line
  left join linked_lines on line.invoice_line_id = linked_lines.invoice_line_id
  inner join posted_lines as billing
    on line.invoice_id = billing.invoice_id and line.contract_line_id = billing.contract_line_id and billing.line_type = 'items'
  inner join matched on billing.invoice_line_id = matched.invoice_line_id
  where line.line_type = 'retainage' and linked_lines.invoice_line_id is null
),

retained as (
  select
    invoice_line_id,
    contract_line_id,
    item_id,
    {{ money(quotient('cast(net_amount as decimal(20, 4)) * running_amount', 'base_amount')) }}
    - {{ money(quotient('cast(net_amount as decimal(20, 4)) * (running_amount - amount)', 'base_amount')) }} as amount
  from kept_back
  where base_amount <> 0
),

release_bases as (
  select
    line.invoice_line_id,
    line.net_amount,
    retained.item_id,
    sum(-retained.amount) over (partition by line.invoice_line_id) as base_amount,
    sum(-retained.amount) over (
      partition by line.invoice_line_id
      order by retained.item_id asc nulls last, retained.invoice_line_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount,
    -retained.amount as amount
  from posted_lines as line
  left join linked_lines on line.invoice_line_id = linked_lines.invoice_line_id
  inner join retained on line.contract_line_id = retained.contract_line_id
  where line.line_type = 'retainage_release' and linked_lines.invoice_line_id is null
),

released as (
  select
    invoice_line_id,
    item_id,
    {{ money(quotient('cast(net_amount as decimal(20, 4)) * running_amount', 'base_amount')) }}
    - {{ money(quotient('cast(net_amount as decimal(20, 4)) * (running_amount - amount)', 'base_amount')) }} as amount
  from release_bases
  where base_amount <> 0
),

allocations as (
  select
    invoice_line_id,
    item_id,
    quantity,
    amount,
    method,
    confidence
  from matched
  {% for part in ['retained', 'released'] %}
  union all
  select
    invoice_line_id,
    item_id,
    cast(0 as decimal(9, 4)) as quantity,
    amount,
    'retainage' as method,
    cast(0.9 as decimal(9, 4)) as confidence
  from {{ part }}
  {% endfor %}
),

numbered as (
  select
    allocations.*,
    row_number() over (
      partition by invoice_line_id, item_id order by amount asc nulls last, quantity asc nulls last
    ) as allocation_number
  from allocations
)

-- (Step 5/5) Into the currency of the contract, at the rate of the posting date (of what a credit memo credits).
select
  {{ dbt.hash(
    "allocations.invoice_line_id || '|' || allocations.item_id || '|' || allocations.method || '|' || "
    ~ "cast(allocations.allocation_number as " ~ dbt.type_string() ~ ")"
  ) }} as allocation_id,
  line.invoice_id,
  line.invoice_line_id,
  allocations.item_id,
  line.posted_date,
  line.invoice_type,
  line.treatment,
  allocations.method,
  allocations.confidence,
  cast(allocations.quantity as decimal(9, 4)) as quantity,
  cast(allocations.amount as decimal(18, 4)) as amount,
  line.currency,
  {{ converted('allocations.amount', 'line.currency', 'item.currency', 'fx') }} as contract_amount,
  item.currency as contract_currency
from numbered as allocations
inner join posted_lines as line on allocations.invoice_line_id = line.invoice_line_id
inner join {{ ref('ledger__billable_items') }} as item on allocations.item_id = item.item_id
left join {{ ref('ledger__fx_daily') }} as fx
  on
    line.currency = fx.from_currency
    and item.currency = fx.to_currency
    and line.rate_date = fx.calendar_date
