select
  {{ entity_id('source.source_system', 'source.source_id') }} as milestone_id,
  coalesce(contract_line.contract_line_id, project.contract_line_id) as contract_line_id,
  coalesce(contract_line.engagement_id, project.engagement_id) as engagement_id,
  coalesce(contract_line.correlation_id, project.correlation_id) as correlation_id,
  coalesce(xref.customer_id, contract_line.customer_id, project.customer_id) as customer_id,
  project.project_id,
  source.name,
  source.amount,
  source.currency,
  source.due_date,
  source.accepted_date,
  source.deemed_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('milestone') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
left join {{ ref('project') }} as project
  on source.source_system = project.source_system and source.project_source_id = project.source_id
left join {{ ref('customer_xref') }} as xref
  on source.customer_ref = xref.source_id and xref.is_anchor
