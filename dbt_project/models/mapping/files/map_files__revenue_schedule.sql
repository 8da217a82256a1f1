select
  schedule_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  contract_line_ref,
  period_start_date,
  book,
  case method_code
    when 'BILLED' then 'as_invoiced'
    when 'POC-COST' then 'cost_to_cost'
    when 'POC-HOURS' then 'labour_hours'
    when 'MILESTONE' then 'milestone_output'
    when 'LINEAR' then 'straight_line'
    when 'POINT' then 'point_in_time'
    when 'DRAWDOWN' then 'prepaid_drawdown'
    else 'unknown'
  end as method,
  planned_amount,
  recognised_amount,
  currency,
  posted_date
from {{ ref('stg_files__revenue_schedules') }}
