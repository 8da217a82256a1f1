select
  schedules.company || '-' || schedules.schedule_line_id as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  schedules.is_deleted,
  contract_lines.external_id as contract_line_ref,
  schedules.period_start_date,
  coalesce(schedules.book, 'primary') as book,
  case schedules.method_code
    when 'AsInvoiced' then 'as_invoiced'
    when 'CostToCost' then 'cost_to_cost'
    when 'LaborHours' then 'labour_hours'
    when 'MilestoneOutput' then 'milestone_output'
    when 'StraightLine' then 'straight_line'
    when 'PointInTime' then 'point_in_time'
    when 'PrepaidDrawdown' then 'prepaid_drawdown'
    else 'unknown'
  end as method,
  schedules.planned_amount,
  cast(coalesce(schedules.recognised_amount, 0) as decimal(18, 4)) as recognised_amount,
  schedules.currency_code as currency,
  schedules.posted_date
from {{ ref('stg_dynamics365__revenue_schedules') }} as schedules
left join {{ ref('stg_dynamics365__contract_lines') }} as contract_lines
  on schedules.contract_line_id = contract_lines.contract_line_id
