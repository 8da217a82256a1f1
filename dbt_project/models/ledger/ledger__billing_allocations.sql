-- (Step 1/3) A negative line that names no item takes back of others: a discount, and what the customer keeps back, of the
-- items on its own invoice; a credit of those on the invoice that it credits, where one line has its amount of that line.
-- What settles an advance takes back nothing of the items beside it.
with advances as (
  select
    line.contract_line_id,
    line.currency,
    line.net_amount,
    line.posted_date
  from {{ ref('ledger__posted_lines') }} as line
  left join {{ ref('ledger__line_matches') }} as matched on line.invoice_line_id = matched.invoice_line_id
  where not line.is_linked and matched.invoice_line_id is null and line.net_amount > 0 and line.line_type = 'items'
),

takers as (
  select
    line.invoice_line_id,
    line.invoice_id,
    line.contract_line_id,
    line.line_type,
    line.invoice_type,
    line.credited_invoice_id,
    line.net_amount,
    row_number() over (
      partition by line.credited_invoice_id, line.contract_line_id, line.net_amount order by line.invoice_line_id asc nulls last
    ) as twin_number
  from {{ ref('ledger__posted_lines') }} as line
  left join advances
    on
      line.contract_line_id = advances.contract_line_id
      and line.currency = advances.currency
      and line.posted_date > advances.posted_date
      and line.invoice_type = 'invoice'
      and line.line_type = 'items'
  where not line.is_linked and line.net_amount < 0 and line.line_type in ('items', 'retainage')
  group by
    line.invoice_line_id, line.invoice_id, line.contract_line_id, line.line_type, line.invoice_type, line.credited_invoice_id,
    line.net_amount
  having coalesce(sum(advances.net_amount), 0) < -line.net_amount
),

taken_of as (
  select
    line.invoice_line_id,
    line.contract_line_id,
    line.line_type,
    line.invoice_type,
    line.net_amount,
    line.twin_number,
    base.invoice_line_id as base_line_id,
    line.credited_invoice_id is not null and base.net_amount = -line.net_amount as is_same_amount,
    max(case when line.credited_invoice_id is not null and base.net_amount = -line.net_amount then 1 else 0 end)
      over (partition by line.invoice_line_id) as has_same_amount,
    row_number() over (
      partition by line.invoice_line_id, base.net_amount order by base.invoice_line_id asc nulls last
    ) as base_number
  from takers as line
  inner join {{ ref('ledger__posted_lines') }} as base
    on
      coalesce(line.credited_invoice_id, line.invoice_id) = base.invoice_id
      and line.contract_line_id = base.contract_line_id
      and base.line_type = 'items'
      and base.net_amount > 0
),

taken as (
  select
    line.invoice_line_id,
    line.contract_line_id,
    line.line_type,
    line.invoice_type,
    line.net_amount,
    matched.item_id,
    matched.quantity,
    matched.amount,
    sum(matched.amount) over (partition by line.invoice_line_id) as base_amount,
    sum(matched.amount) over (
      partition by line.invoice_line_id
      order by matched.item_id asc nulls last, matched.invoice_line_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from taken_of as line
  inner join {{ ref('ledger__line_matches') }} as matched on line.base_line_id = matched.invoice_line_id
  where line.has_same_amount = 0 or (line.is_same_amount and line.base_number = line.twin_number)
),

taken_back as (
  select
    invoice_line_id,
    contract_line_id,
    line_type,
    item_id,
    -- A credit takes hours back with their money; a discount and a retainage only money.
    case
      when invoice_type = 'credit_memo'
        then cast(round({{ quotient('cast(quantity as decimal(12, 4)) * net_amount', 'base_amount') }}, 4) as decimal(9, 4))
      else 0
    end as quantity,
    {{ cumulative_share('net_amount', 'amount', 'running_amount', 'base_amount') }} as amount,
    case
      when line_type = 'retainage' then 'retainage'
      when net_amount = -base_amount then 'matched'
      else 'pro_rata'
    end as method,
    case when invoice_type = 'credit_memo' and net_amount <> -base_amount then 0.5 else 0.9 end as confidence
  from taken
  where base_amount <> 0
),

-- What is released goes to the items that it was kept back of.
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
  from {{ ref('ledger__posted_lines') }} as line
  inner join taken_back as retained
    on line.contract_line_id = retained.contract_line_id and retained.line_type = 'retainage'
  where line.line_type = 'retainage_release' and not line.is_linked
),

-- (Step 2/3) A line that explains nothing else bills again what a credit took back before: of its contract line and period, no
-- more than was credited, and billed again by no other line.
credited as (
  select
    credit.item_id,
    credit.quantity,
    credit.amount,
    line.invoice_id,
    line.credited_invoice_id,
    line.posted_date,
    line.currency,
    item.contract_line_id,
    item.service_date,
    sum(-credit.amount) over (partition by line.invoice_id, item.contract_line_id) as base_amount,
    sum(-credit.amount) over (
      partition by line.invoice_id, item.contract_line_id
      order by credit.item_id asc nulls last, credit.invoice_line_id asc nulls last, credit.amount asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from (
    select invoice_line_id, item_id, quantity, amount from taken_back
    union all
    select invoice_line_id, item_id, quantity, amount from {{ ref('ledger__line_matches') }}
  ) as credit
  inner join {{ ref('ledger__posted_lines') }} as line
    on credit.invoice_line_id = line.invoice_line_id and line.treatment = 'rebill'
  inner join {{ ref('ledger__billable_items') }} as item on credit.item_id = item.item_id
),

billed_again as (
  select distinct
    credited.invoice_id,
    credited.contract_line_id
  from credited
  inner join {{ ref('ledger__line_matches') }} as matched on credited.item_id = matched.item_id and matched.amount > 0
  inner join {{ ref('ledger__posted_lines') }} as line on matched.invoice_line_id = line.invoice_line_id
  where line.posted_date >= credited.posted_date and line.invoice_id <> coalesce(credited.credited_invoice_id, '')
),

rebills as (
  select
    line.invoice_line_id,
    line.net_amount,
    credit.invoice_id,
    credit.contract_line_id,
    row_number() over (
      partition by line.invoice_line_id order by credit.posted_date asc nulls last, credit.invoice_id asc nulls last
    ) as credit_rank,
    row_number() over (
      partition by credit.invoice_id, credit.contract_line_id
      order by line.posted_date asc nulls last, line.invoice_line_id asc nulls last
    ) as line_rank
  from {{ ref('ledger__posted_lines') }} as line
  inner join (
    select
      invoice_id,
      contract_line_id,
      currency,
      posted_date,
      max(base_amount) as base_amount,
      min(service_date) as service_date
    from credited
    group by invoice_id, contract_line_id, currency, posted_date
  ) as credit
    on
      line.contract_line_id = credit.contract_line_id
      and line.currency = credit.currency
      and line.net_amount <= credit.base_amount
      and line.posted_date >= credit.posted_date
      and credit.service_date >= coalesce(line.service_from_date, cast('2018-01-01' as date))
      and credit.service_date <= coalesce(line.service_to_date, line.posted_date)
  left join {{ ref('ledger__line_matches') }} as matched on line.invoice_line_id = matched.invoice_line_id
  left join billed_again
    on credit.invoice_id = billed_again.invoice_id and credit.contract_line_id = billed_again.contract_line_id
  where
    not line.is_linked
    and matched.invoice_line_id is null
    and billed_again.invoice_id is null
    and line.line_type = 'items'
    and line.net_amount > 0
),

allocations as (
  select invoice_line_id, item_id, quantity, amount, method, confidence from {{ ref('ledger__line_matches') }}
  union all
  select invoice_line_id, item_id, quantity, amount, method, confidence from taken_back
  union all
  select
    invoice_line_id,
    item_id,
    0 as quantity,
    {{ cumulative_share('net_amount', 'amount', 'running_amount', 'base_amount') }} as amount,
    'retainage' as method,
    0.9 as confidence
  from release_bases
  where base_amount <> 0
  union all
  select
    line.invoice_line_id,
    credited.item_id,
    -credited.quantity as quantity,
    {{ cumulative_share('line.net_amount', '-credited.amount', 'credited.running_amount', 'credited.base_amount') }} as amount,
    case when line.net_amount = credited.base_amount then 'matched' else 'pro_rata' end as method,
    case when line.net_amount = credited.base_amount then 0.9 else 0.5 end as confidence
  from rebills as line
  inner join credited on line.invoice_id = credited.invoice_id and line.contract_line_id = credited.contract_line_id
  where line.credit_rank = 1 and line.line_rank = 1 and credited.base_amount > 0
),

numbered as (
  select
    allocations.*,
    row_number() over (
      partition by invoice_line_id, item_id order by amount asc nulls last, quantity asc nulls last
    ) as allocation_number
  from allocations
)

-- (Step 3/3) Into the currency of the contract, at the rate of the posting date (of what a credit memo credits).
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
  line.line_type,
  allocations.method,
  cast(allocations.confidence as decimal(9, 4)) as confidence,
  cast(allocations.quantity as decimal(9, 4)) as quantity,
  cast(allocations.amount as decimal(18, 4)) as amount,
  line.currency,
  {{ converted('allocations.amount', 'line.currency', 'item.currency', 'fx') }} as contract_amount,
  item.currency as contract_currency,
  case when line.currency <> item.currency and fx.rate is not null then 'spot' end as fx_rate_type,
  case when line.currency <> item.currency then fx.rate_date end as fx_rate_date,
  case when line.currency <> item.currency then fx.rate end as fx_rate,
  case when line.currency <> item.currency then fx.is_inverse end as is_fx_inverse
from numbered as allocations
inner join {{ ref('ledger__posted_lines') }} as line on allocations.invoice_line_id = line.invoice_line_id
inner join {{ ref('ledger__billable_items') }} as item on allocations.item_id = item.item_id
left join {{ ref('ledger__fx_daily') }} as fx
  on
    line.currency = fx.from_currency
    and item.currency = fx.to_currency
    and line.rate_date = fx.calendar_date
