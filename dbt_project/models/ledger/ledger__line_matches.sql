-- (Step 1/2) Explicit links from the billing system. One price for hours of several rates is agreed as a sum: what the line
-- gives too much to one entry belongs to those that it gives too little.
with priced_links as (
  select
    line.invoice_line_id,
    link.item_id,
    link.quantity,
    link.amount,
    case
      when item.item_type = 'time_entry' and item.currency = line.currency and link.amount > 0 and item.quantity > 0
        then {{ money(quotient('cast(item.entitled_amount as decimal(20, 4)) * link.quantity', 'item.quantity')) }}
    end as agreed_amount,
    {{ quotient('link.amount', 'nullif(link.quantity, 0)') }} as unit_price
  from {{ ref('ledger__posted_lines') }} as line
  inner join {{ ref('billing_link') }} as link on line.invoice_line_id = link.invoice_line_id
  left join {{ ref('ledger__billable_items') }} as item on link.item_id = item.item_id
  where not link.is_deleted and link.item_id is not null
),

compared_links as (
  select
    priced_links.*,
    greatest(0, amount - agreed_amount) as over_amount,
    greatest(0, agreed_amount - amount) as under_amount,
    sum(greatest(0, amount - agreed_amount)) over (partition by invoice_line_id) as line_over_amount,
    sum(greatest(0, agreed_amount - amount)) over (partition by invoice_line_id) as line_under_amount,
    {% for side in ['amount - agreed_amount', 'agreed_amount - amount'] %}
    sum(greatest(0, {{ side }})) over (
      partition by invoice_line_id
      order by item_id asc nulls last, amount asc nulls last, quantity asc nulls last
      rows between unbounded preceding and current row
    ) as running_{{ 'over' if loop.first else 'under' }}_amount,
    {% endfor %}
    -- Shares of one price differ by the rounding of their cents.
    count(*) over (partition by invoice_line_id) = count(agreed_amount) over (partition by invoice_line_id)
    and max(unit_price) over (partition by invoice_line_id) - min(unit_price) over (partition by invoice_line_id) < 0.02
      as is_one_price
  from priced_links
),

explicit_links as (
  select
    invoice_line_id,
    item_id,
    quantity,
    case
      when is_one_price and line_over_amount > 0 and line_under_amount > 0
        then
          amount
          - ({{ cumulative_share(
            'least(line_over_amount, line_under_amount)', 'over_amount', 'running_over_amount', 'line_over_amount'
          ) }})
          + ({{ cumulative_share(
            'least(line_over_amount, line_under_amount)', 'under_amount', 'running_under_amount', 'line_under_amount'
          ) }})
      else amount
    end as amount,
    'explicit' as method,
    cast(1 as decimal(9, 4)) as confidence
  from compared_links
),

linked_items as (
  select distinct item_id
  from explicit_links
),

-- (Step 2/2) Lines without any link, and the items that could be what they bill: same contract line and service period, same
-- person where the line names one, not linked to any posted line. A line that equals all of them bills them all; otherwise
-- only hourly lines bill a sum of time entries: a fee line must never be spread over the expenses of its month.
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
  from {{ ref('ledger__posted_lines') }} as line
  where not line.is_linked and line.net_amount > 0 and line.line_type in ('items', 'true_up')
),

candidates as (
  select
    line.invoice_line_id,
    line.net_amount,
    line.quantity as line_quantity,
    line.line_type,
    line.posted_date,
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
    sum(quantity) over (partition by invoice_line_id) as candidate_quantity,
    sum(entitled_amount) over (
      partition by invoice_line_id
      order by service_date asc nulls last, item_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from candidates
  where item_type = 'time_entry'
),

all_candidates as (
  select
    candidates.*,
    sum(entitled_amount) over (partition by invoice_line_id) as candidate_amount
  from candidates
  where item_type in ('time_entry', 'expense_item', 'supplier_cost')
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
    posted_date,
    -- Hours that the line counts at about the agreed price were billed, the others were not; a line that counts no hours, or
    -- other ones, bills all of them at its price.
    case
      when
        line_quantity < candidate_quantity
        and cast(net_amount as decimal(20, 4)) * candidate_quantity
        between cast(0.9 as decimal(2, 1)) * cast(candidate_amount as decimal(20, 4)) * line_quantity
        and cast(1.1 as decimal(2, 1)) * cast(candidate_amount as decimal(20, 4)) * line_quantity
        then cast(round({{ quotient(
          'cast(quantity as decimal(12, 4)) * greatest('
          ~ quotient('line_quantity', 'candidate_quantity') ~ ', least(1, ' ~ quotient('net_amount', 'candidate_amount') ~ '))',
          '1'
        ) }}, 4) as decimal(9, 4))
      else quantity
    end as quantity,
    case when net_amount = candidate_amount then 1 else 4 end as preference,
    net_amount,
    candidate_amount,
    running_amount,
    entitled_amount,
    false as is_part
  from time_candidates
  {% for relation, preference, condition in [
    ('all_candidates', 2, 'net_amount = candidate_amount'),
    ('single_candidates', 3, 'match_number = twin_number'),
    ('true_ups', 1, 'match_number = 1')
  ] %}
  {% set amount = 'entitled_amount' if relation == 'all_candidates' else 'net_amount' %}
  union all
  select
    invoice_line_id,
    item_id,
    posted_date,
    quantity,
    {{ preference }} as preference,
    net_amount,
    net_amount as candidate_amount,
    net_amount as running_amount,
    {{ amount }} as entitled_amount,
    {{ 'true' if relation == 'true_ups' else 'false' }} as is_part
  from {{ relation }}
  where {{ condition }}
  {% endfor %}
),

-- The best explanation of a line, and the first line that explains an item: nothing is billed twice by inference. A period's
-- commitment may be trued up in parts.
chosen as (
  select
    ranked.*,
    min(preference) over (partition by invoice_line_id) as line_preference,
    row_number() over (
      partition by item_id order by preference asc nulls last, posted_date asc nulls last, invoice_line_id asc nulls last
    ) as item_rank
  from ranked
),

-- Exact matches, then pro rata shares that add up to the line exactly (cumulative rounding).
inferred as (
  select
    invoice_line_id,
    item_id,
    quantity,
    case
      when net_amount >= candidate_amount then entitled_amount
      else {{ cumulative_share('net_amount', 'entitled_amount', 'running_amount', 'candidate_amount') }}
    end as amount,
    case when net_amount = candidate_amount then 'matched' else 'pro_rata' end as method,
    case when net_amount = candidate_amount then cast(0.9 as decimal(9, 4)) else cast(0.5 as decimal(9, 4)) end as confidence
  from chosen
  where (item_rank = 1 or is_part) and preference = line_preference
),

matches as (
  select invoice_line_id, item_id, quantity, amount, method, confidence from explicit_links
  union all
  select invoice_line_id, item_id, quantity, amount, method, confidence from inferred
)

select
  matches.invoice_line_id,
  matches.item_id,
  cast(matches.quantity as decimal(9, 4)) as quantity,
  cast(matches.amount as decimal(18, 4)) as amount,
  line.currency,
  matches.method,
  matches.confidence
from matches
inner join {{ ref('ledger__posted_lines') }} as line on matches.invoice_line_id = line.invoice_line_id
