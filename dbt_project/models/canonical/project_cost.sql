select
  {{ entity_id('source.source_system', 'source.source_id') }} as project_cost_id,
  project.project_id,
  source.project_ref,
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
left join {{ ref('project_xref') }} as project_xref
  on source.source_system = project_xref.source_system and source.project_ref = project_xref.source_id
left join {{ ref('project') }} as project
  on project_xref.project_id = project.project_id
