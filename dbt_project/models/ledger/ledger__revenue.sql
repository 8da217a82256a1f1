-- (Step 1/4) The closed months of every contract line that has a revenue policy and a schedule.
with scheduled as (
  select
    schedule.contract_line_id,
    schedule.book,
    min(schedule.period_start_date) as first_period_date
  from {{ ref('revenue_schedule') }} as schedule
  where not schedule.is_deleted and schedule.contract_line_id is not null
  group by schedule.contract_line_id, schedule.book
),

first_work as (
  select
    contract_line_id,
    min(service_date) as first_service_date
  from {{ ref('ledger__billable_items') }}
  where contract_line_id is not null
  group by contract_line_id
),

months as (
  select
    line.contract_line_id,
    line.engagement_id,
    scheduled.book,
    line.revrec_method,
    line.currency,
    case
      when not coalesce(price.has_foreign_change, false) then coalesce(price.price_amount, line.contract_amount)
    end as contract_amount,
    line.estimate_at_completion_amount,
    line.estimated_hours,
    line.start_date,
    line.end_date,
    days.month_start_date as period_start_date,
    days.month_end_date as period_end_date
  from scheduled
  inner join {{ ref('contract_line') }} as line on scheduled.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__prices') }} as price on scheduled.contract_line_id = price.contract_line_id
  left join first_work on scheduled.contract_line_id = first_work.contract_line_id
  inner join {{ ref('ledger__calendar_days') }} as days
    on
      days.calendar_date = days.month_end_date
      and days.month_end_date >= least(
        scheduled.first_period_date,
        coalesce(first_work.first_service_date, scheduled.first_period_date),
        coalesce(line.start_date, scheduled.first_period_date)
      )
      and days.month_end_date <= {{ as_of_date() }}
  where line.revrec_method is not null
),

-- (Step 2/4) What moves each measure, dated.
work as (
  select
    item.contract_line_id,
    item.service_date as event_date,
    case
      when
        coalesce(caps.over_cap_amount, 0) + coalesce(contract_caps.over_cap_amount, 0) = 0
        or not (coalesce(caps.is_cap_unsure, false) or coalesce(contract_caps.is_cap_unsure, false))
        then item.entitled_amount - coalesce(caps.over_cap_amount, 0) - coalesce(contract_caps.over_cap_amount, 0)
    end as amount
  from {{ ref('ledger__billable_items') }} as item
  left join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  left join {{ ref('ledger__caps') }} as caps on item.item_id = caps.item_id
  left join {{ ref('ledger__contract_caps') }} as contract_caps on item.item_id = contract_caps.item_id
  left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  where
    item.item_type = 'time_entry'
    -- Until a change of the contract is approved, the contract is the old one (ASC 606-10-25-10 and -11).
    and coalesce({{ change_order_status('change_order') }}, 'approved') not in ('draft', 'pending')
    and item.not_entitled_reason is null
    and billing.repeats_item_id is null
    and item.status in ('approved', 'submitted')
),

hours as (
  select
    contract_line_id,
    service_date as event_date,
    quantity as amount
  from {{ ref('ledger__billable_items') }}
  where item_type = 'time_entry' and status in ('approved', 'submitted')
),

-- Prepaid hours are earned as they are used, at the price that was paid for them; what lapses is earned when it lapses.
prepaid as (
  select
    draw.contract_line_id,
    draw.work_date as event_date,
    {{ money(quotient('cast(retainer.amount as decimal(20, 4)) * draw.hours', 'nullif(retainer.hours, 0)')) }} as amount
  from {{ ref('ledger__retainer_draws') }} as draw
  inner join {{ ref('retainer') }} as retainer on draw.retainer_id = retainer.retainer_id

  union all

  select
    retainer.contract_line_id,
    retainer.expiry_date as event_date,
    {{ money(quotient(
      'cast(retainer.amount as decimal(20, 4)) * (retainer.hours - coalesce(sum(draw.hours), 0))', 'nullif(retainer.hours, 0)'
    )) }} as amount
  from {{ ref('retainer') }} as retainer
  left join {{ ref('ledger__retainer_draws') }} as draw on retainer.retainer_id = draw.retainer_id
  where not retainer.is_deleted and not retainer.is_refundable and retainer.expiry_date <= {{ as_of_date() }}
  group by retainer.retainer_id, retainer.contract_line_id, retainer.expiry_date, retainer.amount, retainer.hours
),

accepted as (
  select
    contract_line_id,
    approved_date as event_date,
    entitled_amount as amount
  from {{ ref('ledger__billable_items') }}
  where item_type in ('milestone', 'progress') and status = 'approved' and not_entitled_reason is null
),

costs as (
  select
    cost.contract_line_id,
    cost.posted_date as event_date,
    {{ converted('cost.amount', 'cost.currency', 'line.currency', 'fx') }} as amount
  from {{ ref('project_cost') }} as cost
  inner join {{ ref('contract_line') }} as line on cost.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on cost.currency = fx.from_currency and line.currency = fx.to_currency and cost.posted_date = fx.calendar_date
  where not cost.is_deleted
),

billed as (
  select
    invoice_line.contract_line_id,
    invoice.posted_date as event_date,
    {{ converted('invoice_line.net_amount', 'invoice_line.currency', 'line.currency', 'fx') }} as amount
  from {{ ref('invoice_line') }} as invoice_line
  inner join {{ ref('invoice') }} as invoice on invoice_line.invoice_id = invoice.invoice_id
  inner join {{ ref('contract_line') }} as line on invoice_line.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      invoice_line.currency = fx.from_currency
      and line.currency = fx.to_currency
      and invoice.posted_date = fx.calendar_date
  where
    invoice.status = 'posted'
    and not invoice.is_deleted
    and not invoice_line.is_deleted
    -- Neither interest nor what companies of the firm charge each other is consideration of the contract.
    and coalesce(invoice_line.line_type, 'items') <> 'late_fee'
    and invoice.intercompany_legal_entity_id is null
),

recognised as (
  select
    schedule.contract_line_id,
    schedule.book,
    schedule.period_start_date as event_date,
    -- Converting would turn currency differences into findings: revenue in another currency cannot be compared.
    case when coalesce(schedule.currency, line.currency) = line.currency then schedule.recognised_amount end as amount
  from {{ ref('revenue_schedule') }} as schedule
  inner join {{ ref('contract_line') }} as line on schedule.contract_line_id = line.contract_line_id
  where not schedule.is_deleted and schedule.posted_date <= {{ as_of_date() }}
),

-- (Step 3/4) Cumulative measures at each month's end.
{% for measure in ['work', 'hours', 'prepaid', 'accepted', 'costs', 'billed'] %}
{{ measure }}_to_date as (
  select
    months.contract_line_id,
    months.book,
    months.period_end_date,
    coalesce(sum({{ measure }}.amount), 0) as amount,
    sum(case when {{ measure }}.contract_line_id is not null and {{ measure }}.amount is null then 1 else 0 end) as unknown_count
  from months
  left join {{ measure }}
    on months.contract_line_id = {{ measure }}.contract_line_id and {{ measure }}.event_date <= months.period_end_date
  group by months.contract_line_id, months.book, months.period_end_date
),

{% endfor %}
recognised_to_date as (
  select
    months.contract_line_id,
    months.book,
    months.period_end_date,
    coalesce(sum(recognised.amount), 0) as amount,
    sum(case when recognised.contract_line_id is not null and recognised.amount is null then 1 else 0 end) as unknown_count
  from months
  left join recognised
    on
      months.contract_line_id = recognised.contract_line_id
      and months.book = recognised.book
      and recognised.event_date <= months.period_end_date
  group by months.contract_line_id, months.book, months.period_end_date
),

milestones as (
  select
    contract_line_id,
    sum(entitled_amount) as milestone_amount
  from {{ ref('ledger__billable_items') }}
  where item_type = 'milestone' and not_entitled_reason is null
  group by contract_line_id
),

-- Change orders that hold on the business date, from the day on which they took effect and were approved.
changes as (
  select
    change_order.contract_line_id,
    change_order.delta_amount,
    greatest(
      coalesce(change_order.effective_date, change_order.approved_date),
      change_order.approved_date,
      coalesce(line.start_date, change_order.approved_date)
    ) as effect_date
  from {{ ref('change_order') }} as change_order
  inner join {{ ref('contract_line') }} as line on change_order.contract_line_id = line.contract_line_id
  where
    {{ is_in_force('change_order') }}
    and coalesce(change_order.currency, line.currency) = line.currency
),

-- What of them came after a month, and what a month has of each that is spread evenly over the days, or months, left to it.
changed as (
  select
    months.contract_line_id,
    months.book,
    months.period_end_date,
    sum(changes.delta_amount) as change_amount,
    sum(case when changes.effect_date > months.period_end_date then changes.delta_amount else 0 end) as later_amount,
    {% for unit in ['day', 'month'] %}
    {% set elapsed = dbt.datediff('changes.effect_date', 'months.period_end_date', unit) ~ ' + 1' %}
    {% set total = dbt.datediff('changes.effect_date', 'months.end_date', unit) ~ ' + 1' %}
    sum({{ money(quotient(
      'cast(changes.delta_amount as decimal(24, 4)) * greatest(0, least(' ~ elapsed ~ ', ' ~ total ~ '))',
      'nullif(greatest(0, ' ~ total ~ '), 0)'
    )) }}) as spread_by_{{ unit }}s_amount{{ ',' if not loop.last }}
    {% endfor %}
  from months
  inner join changes on months.contract_line_id = changes.contract_line_id
  group by months.contract_line_id, months.book, months.period_end_date
),

-- (Step 4/4) Earned to date by the policy's method.
measured as (
  select
    months.*,
    {{ dbt.datediff('months.start_date', 'months.period_end_date', 'day') }} + 1 as elapsed_days,
    {{ dbt.datediff('months.start_date', 'months.end_date', 'day') }} + 1 as total_days,
    -- Whole months can be counted as equal ones.
    case
      when
        months.start_date = cast({{ dbt.date_trunc('month', 'months.start_date') }} as date)
        and months.end_date = cast({{ dbt.last_day('months.end_date', 'month') }} as date)
        then {{ dbt.datediff('months.start_date', 'months.end_date', 'month') }} + 1
    end as total_months,
    {{ dbt.datediff('months.start_date', 'months.period_end_date', 'month') }} + 1 as elapsed_months,
    work_to_date.amount as work_amount,
    work_to_date.unknown_count as unknown_work_count,
    hours_to_date.amount as worked_hours,
    hours_to_date.unknown_count as unknown_hours_count,
    prepaid_to_date.amount as prepaid_amount,
    prepaid_to_date.unknown_count as unknown_prepaid_count,
    accepted_to_date.amount as accepted_amount,
    accepted_to_date.unknown_count as unknown_accepted_count,
    milestones.milestone_amount,
    months.contract_amount - coalesce(changed.later_amount, 0) as month_price_amount,
    months.contract_amount - coalesce(changed.change_amount, 0) as original_amount,
    coalesce(changed.spread_by_days_amount, 0) as spread_by_days_amount,
    coalesce(changed.spread_by_months_amount, 0) as spread_by_months_amount,
    costs_to_date.amount as cost_amount,
    costs_to_date.unknown_count as unknown_cost_count,
    billed_to_date.amount as billed_amount,
    billed_to_date.unknown_count as unknown_billed_count,
    recognised_to_date.amount as recognised_amount,
    recognised_to_date.unknown_count as unknown_recognised_count
  from months
  {% for measure in ['work', 'hours', 'prepaid', 'accepted', 'costs', 'billed', 'recognised'] %}
  inner join {{ measure }}_to_date
    on
      months.contract_line_id = {{ measure }}_to_date.contract_line_id
      and months.book = {{ measure }}_to_date.book
      and months.period_end_date = {{ measure }}_to_date.period_end_date
  {% endfor %}
  left join milestones on months.contract_line_id = milestones.contract_line_id
  left join changed
    on
      months.contract_line_id = changed.contract_line_id
      and months.book = changed.book
      and months.period_end_date = changed.period_end_date
)

-- By days or by months, a change order from the first day on or from its own, at the price of the month or of today: where the
-- standard leaves several ways, the one that the books are nearest to is theirs.
{% set straight = [] %}
{% for unit in ['days', 'months'] %}
{% for price, spread in [('contract_amount', '0'), ('original_amount', 'spread_by_' ~ unit ~ '_amount')] %}
{% do straight.append('(round(' ~ quotient(
  'cast(' ~ price ~ ' as decimal(24, 4)) * greatest(0, least(elapsed_' ~ unit ~ ', total_' ~ unit ~ '))',
  'nullif(total_' ~ unit ~ ', 0)'
) ~ ', 2) + ' ~ spread ~ ')') %}
{% endfor %}
{% endfor %}
{% set by_hours, by_cost, at_once = [], [], [] %}
{% for price in ['contract_amount', 'month_price_amount'] %}
{% do by_hours.append('least(' ~ price ~ ', round(' ~ quotient(
  'cast(' ~ price ~ ' as decimal(20, 4)) * cast(worked_hours as decimal(12, 4))', 'nullif(estimated_hours, 0)'
) ~ ', 2))') %}
{% do by_cost.append('least(' ~ price ~ ', round(' ~ quotient(
  'cast(' ~ price ~ ' as decimal(20, 4)) * cast(cost_amount as decimal(18, 4))', 'nullif(estimate_at_completion_amount, 0)'
) ~ ', 2))') %}
{% do at_once.append(price) %}
{% endfor %}
select
  {{ dbt.hash(
    "contract_line_id || '|' || book || '|' || cast(period_end_date as " ~ dbt.type_string() ~ ")"
  ) }} as revenue_period_id,
  contract_line_id,
  engagement_id,
  book,
  revrec_method,
  period_start_date,
  period_end_date,
  cast(
    case revrec_method
      when 'as_invoiced' then case when unknown_work_count = 0 then work_amount end
      when 'milestone_output' then case when unknown_accepted_count = 0 then accepted_amount end
      when 'prepaid_drawdown' then case when unknown_prepaid_count = 0 then prepaid_amount end
      when 'labour_hours'
        then case
          when unknown_hours_count = 0 and estimated_hours > 0 then {{ nearest_to('recognised_amount', by_hours) }}
        end
      when 'point_in_time'
        then case
          when accepted_amount >= milestone_amount then {{ nearest_to('recognised_amount', at_once) }}
          when milestone_amount is not null then 0
        end
      when 'straight_line' then {{ nearest_to('recognised_amount', straight) }}
      when 'cost_to_cost'
        then case
          when unknown_cost_count = 0 and estimate_at_completion_amount > 0 then {{ nearest_to('recognised_amount', by_cost) }}
        end
    end as decimal(18, 4)
  ) as earned_to_date_amount,
  cast(case when unknown_recognised_count = 0 then recognised_amount end as decimal(18, 4)) as recognised_to_date_amount,
  cast(case when unknown_billed_count = 0 then billed_amount end as decimal(18, 4)) as billed_to_date_amount,
  contract_amount,
  currency
from measured
