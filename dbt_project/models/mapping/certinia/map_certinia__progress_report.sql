select
  report.progress_report_id as source_id,
  report.system_modstamp as source_updated_at,
  report.is_deleted,
  coalesce(report.crm_contract_line_id, project.crm_contract_line_id) as contract_line_ref,
  report.project_id as project_source_id,
  report.reported_date,
  report.accepted_date,
  report.completed_pct
from {{ ref('stg_certinia__progress_reports') }} as report
left join {{ ref('stg_certinia__projects') }} as project
  on report.project_id = project.project_id
