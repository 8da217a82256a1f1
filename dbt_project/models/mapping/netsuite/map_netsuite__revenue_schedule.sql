with months as (
  select
    plans.element_id,
    planned.period_id,
    planned.amount,
    planned.is_recognised,
    planned.posted_date,
    plans.plan_type_code,
    plans.recognition_method_code,
    case
      when coalesce(books.is_primary, true) then 'primary'
      else books.name
    end as book,
    planned.updated_at,
    planned.is_deleted,
    min(case when planned.is_deleted then 1 else 0 end) over (
      partition by plans.element_id, planned.period_id
    ) as is_withdrawn
  from {{ ref('stg_netsuite__planned_revenue') }} as planned
  inner join {{ ref('stg_netsuite__revenue_plans') }} as plans
    on planned.plan_id = plans.plan_id
  left join {{ ref('stg_netsuite__accounting_books') }} as books
    on plans.book_id = books.book_id
  where plans.plan_type_code in ('FORECAST', 'ACTUAL')
),

-- Only actual plans post: what they recognised is recognised; forecast plans say what was planned.
totals as (
  select
    element_id,
    period_id,
    max(book) as book,
    max(recognition_method_code) as recognition_method_code,
    sum(case when plan_type_code = 'FORECAST' then amount end) as planned_amount,
    sum(case when plan_type_code = 'ACTUAL' and is_recognised then amount else 0 end) as recognised_amount,
    max(case when plan_type_code = 'ACTUAL' then posted_date end) as posted_date,
    max(updated_at) as updated_at,
    max(is_withdrawn) as is_withdrawn
  from months
  where not is_deleted or is_withdrawn = 1
  group by
    element_id,
    period_id
)

select
  totals.element_id || '-' || totals.period_id as source_id,
  totals.updated_at as source_updated_at,
  totals.is_withdrawn = 1 or elements.is_deleted as is_deleted,
  elements.crm_contract_line_id as contract_line_ref,
  periods.start_date as period_start_date,
  totals.book,
  case totals.recognition_method_code
    when 'CHARGE_BASED' then 'as_invoiced'
    when 'PERCENT_COMPLETE_COST' then 'cost_to_cost'
    when 'PERCENT_COMPLETE_HOURS' then 'labour_hours'
    when 'MILESTONE_EVENT' then 'milestone_output'
    when 'STRAIGHT_LINE' then 'straight_line'
    when 'POINT_IN_TIME' then 'point_in_time'
    when 'PREPAID_DRAWDOWN' then 'prepaid_drawdown'
    else 'unknown'
  end as method,
  cast(totals.planned_amount as decimal(18, 4)) as planned_amount,
  cast(totals.recognised_amount as decimal(18, 4)) as recognised_amount,
  currencies.currency_code as currency,
  totals.posted_date
from totals
inner join {{ ref('stg_netsuite__revenue_elements') }} as elements
  on totals.element_id = elements.element_id
left join {{ ref('stg_netsuite__accounting_periods') }} as periods
  on totals.period_id = periods.period_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on elements.currency_id = currencies.currency_id
