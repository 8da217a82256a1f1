{% set period_start %}
    case line.min_commitment_period
      when 'month' then cast({{ dbt.date_trunc('month', 'the_day') }} as date)
      when 'year' then cast({{ dbt.date_trunc('year', 'the_day') }} as date)
      else cast({{ dbt.date_trunc('quarter', 'the_day') }} as date)
    end
{%- endset %}
-- (Step 1/3) Fees by the day of the work; the closed periods of every contract line with a minimum, and the days on which it
-- held: one that does not say since when, since the period in which something was first done or billed.
with worked as (
  select
    valued.contract_line_id,
    entry.work_date as service_date,
    valued.value_amount as amount
  from {{ ref('ledger__time_values') }} as valued
  inner join {{ ref('time_entry') }} as entry on valued.time_entry_id = entry.time_entry_id
  -- Work that was entered twice counts once.
  left join {{ ref('ledger__repeated_entries') }} as repeated
    on entry.time_entry_id = repeated.time_entry_id and repeated.entry_number > 1
  where
    entry.status = 'approved'
    and (valued.is_parked or coalesce(entry.is_billable, true))
    and repeated.time_entry_id is null

  union all

  select
    milestone.contract_line_id,
    {{ milestone_accepted_date('milestone') }} as service_date,
    milestone.amount
  from {{ ref('milestone') }} as milestone
  where not milestone.is_deleted and {{ milestone_accepted_date('milestone') }} is not null
),

first_days as (
  select
    contract_line_id,
    min(first_date) as first_date
  from (
    select contract_line_id, service_date as first_date from worked
    union all
    select contract_line_id, coalesce(service_from_date, posted_date) as first_date from {{ ref('ledger__posted_lines') }}
  ) as days
  group by contract_line_id
),

dated as (
  select
    line.*,
    coalesce(line.start_date, {{ period_start | trim | replace('the_day', 'first_days.first_date') }}) as held_from_date
  from {{ ref('contract_line') }} as line
  left join first_days on line.contract_line_id = first_days.contract_line_id
),

periods as (
  select
    line.contract_line_id,
    line.engagement_id,
    line.currency,
    line.min_commitment_amount,
    line.held_from_date as start_date,
    line.end_date,
    {{ period_start | trim | replace('the_day', 'days.calendar_date') }} as period_start_date,
    days.calendar_date as period_end_date
  from dated as line
  inner join {{ ref('ledger__calendar_days') }} as days
    on
      days.calendar_date = case line.min_commitment_period
        when 'month' then days.month_end_date
        when 'year'
          then cast({{ dbt.dateadd('day', -1, dbt.dateadd('year', 1, dbt.date_trunc('year', 'days.calendar_date'))) }} as date)
        else
          cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 3, dbt.date_trunc('quarter', 'days.calendar_date'))) }} as date)
      end
      and days.calendar_date <= {{ as_of_date() }}
  where
    line.min_commitment_amount > 0
    and not line.is_deleted
    and line.held_from_date <= days.calendar_date
),

active as (
  select
    periods.*,
    {{ dbt.datediff('period_start_date', 'period_end_date', 'day') }} + 1 as period_days,
    {{ dbt.datediff(
      'greatest(period_start_date, start_date)', 'least(period_end_date, coalesce(end_date, period_end_date))', 'day'
    ) }}
    + 1 as active_days
  from periods
),

promised as (
  select
    active.*,
    {{ money(quotient(
      'cast(min_commitment_amount as decimal(20, 4)) * greatest(0, active_days)', 'period_days'
    )) }} as commitment_amount
  from active
  where active_days > 0
),

fees as (
  select
    promised.contract_line_id,
    promised.period_end_date,
    sum(worked.amount) as amount,
    sum(case when worked.amount is null then 1 else 0 end) as unknown_count
  from promised
  inner join worked
    on
      promised.contract_line_id = worked.contract_line_id
      and worked.service_date between promised.period_start_date and promised.period_end_date
  group by promised.contract_line_id, promised.period_end_date
),

-- (Step 2/3) What was billed for each period. Costs that are passed on are no fees.
passed_on as (
  select distinct invoice_line_id
  from {{ ref('billing_link') }}
  where not is_deleted and item_type in ('expense_item', 'supplier_cost')
),

-- Of work that was entered twice and billed twice, one bill is to be credited.
billed_twice as (
  select
    link.invoice_line_id,
    sum(link.amount) as amount
  from {{ ref('billing_link') }} as link
  inner join {{ ref('ledger__repeated_entries') }} as repeated
    on link.item_id = repeated.time_entry_id and repeated.entry_number > 1
  inner join (
    select distinct first_link.item_id
    from {{ ref('billing_link') }} as first_link
    inner join {{ ref('ledger__posted_lines') }} as first_line on first_link.invoice_line_id = first_line.invoice_line_id
    where not first_link.is_deleted
  ) as first_billed on repeated.first_entry_id = first_billed.item_id
  where not link.is_deleted
  group by link.invoice_line_id
),

-- A line of several periods is of each by its days.
days_of_lines as (
  select
    promised.contract_line_id,
    promised.period_end_date,
    line.invoice_line_id,
    line.currency,
    line.posted_date,
    line.net_amount - coalesce(billed_twice.amount, 0) as line_amount,
    {% set first = 'least(coalesce(line.service_from_date, line.service_to_date, line.posted_date), '
      ~ 'coalesce(line.service_to_date, line.posted_date))' %}
    {% set last = 'coalesce(line.service_to_date, line.posted_date)' %}
    {{ dbt.datediff(first, last, 'day') }} + 1 as total_days,
    {{ dbt.datediff(first, 'greatest(' ~ first ~ ', promised.period_start_date)', 'day') }} as days_before,
    {{ dbt.datediff(first, 'least(' ~ last ~ ', promised.period_end_date)', 'day') }} + 1 as days_to_end
  from promised
  inner join {{ ref('ledger__posted_lines') }} as line on promised.contract_line_id = line.contract_line_id
  left join billed_twice on line.invoice_line_id = billed_twice.invoice_line_id
  where
    line.line_type = 'items'
    and {{ first }} <= promised.period_end_date
    and {{ last }} >= promised.period_start_date
),

spread as (
  select
    days_of_lines.*,
    {{ money(quotient('cast(line_amount as decimal(20, 4)) * days_to_end', 'total_days')) }}
    - {{ money(quotient('cast(line_amount as decimal(20, 4)) * days_before', 'total_days')) }} as amount
  from days_of_lines
),

billed as (
  {% set amount %}
  {{ converted('line.amount', 'line.currency', 'promised.currency', 'fx') }}
  {%- endset %}
  select
    promised.contract_line_id,
    promised.period_end_date,
    sum({{ amount }}) as amount,
    sum(case when {{ amount }} is null then 1 else 0 end) as unknown_count
  from promised
  inner join spread as line
    on promised.contract_line_id = line.contract_line_id and promised.period_end_date = line.period_end_date
  left join {{ ref('ledger__fx_daily') }} as fx
    on line.currency = fx.from_currency and promised.currency = fx.to_currency and line.posted_date = fx.calendar_date
  left join passed_on on line.invoice_line_id = passed_on.invoice_line_id
  where passed_on.invoice_line_id is null
  group by promised.contract_line_id, promised.period_end_date
)

-- (Step 3/3) Work that is delivered but not billed is missing elsewhere; only what was never bought is missing here.
select
  promised.contract_line_id || '|' || cast(promised.period_end_date as {{ dbt.type_string() }}) as commitment_id,
  promised.contract_line_id,
  promised.engagement_id,
  promised.period_start_date,
  promised.period_end_date,
  cast(promised.commitment_amount as decimal(18, 4)) as commitment_amount,
  cast(coalesce(fees.amount, 0) as decimal(18, 4)) as fee_amount,
  cast(coalesce(billed.amount, 0) as decimal(18, 4)) as billed_amount,
  -- Fees without a price, or billed without a currency rate, may be what is missing.
  cast(
    case
      when
        promised.commitment_amount <= greatest(coalesce(fees.amount, 0), coalesce(billed.amount, 0))
        or coalesce(fees.unknown_count, 0) + coalesce(billed.unknown_count, 0) = 0
        then greatest(0, promised.commitment_amount - greatest(coalesce(fees.amount, 0), coalesce(billed.amount, 0)))
    end as decimal(18, 4)
  ) as shortfall_amount,
  promised.currency
from promised
left join fees
  on promised.contract_line_id = fees.contract_line_id and promised.period_end_date = fees.period_end_date
left join billed
  on promised.contract_line_id = billed.contract_line_id and promised.period_end_date = billed.period_end_date
