select
  {{ entity_id('source.source_system', 'source.source_id') }} as project_cost_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.correlation_id,
  source.amount,
  source.currency,
  source.posted_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('project_cost') }}) as source
left join {{ ref('project') }} as project
  on source.project_ref = project.source_id
