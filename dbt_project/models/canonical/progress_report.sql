select
  {{ entity_id('source.source_system', 'source.source_id') }} as progress_report_id,
  coalesce(contract_line.contract_line_id, project.contract_line_id) as contract_line_id,
  coalesce(contract_line.engagement_id, project.engagement_id) as engagement_id,
  coalesce(contract_line.correlation_id, project.correlation_id) as correlation_id,
  coalesce(contract_line.customer_id, project.customer_id) as customer_id,
  project.project_id,
  source.reported_date,
  source.accepted_date,
  source.completed_pct,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('progress_report') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
left join {{ ref('project') }} as project
  on source.source_system = project.source_system and source.project_source_id = project.source_id
