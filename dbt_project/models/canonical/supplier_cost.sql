select
  {{ entity_id('source.source_system', 'source.source_id') }} as supplier_cost_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.correlation_id,
  project.customer_id,
  source.document_source_id,
  source.document_type,
  source.document_number,
  source.supplier_name,
  source.description,
  source.net_amount,
  source.currency,
  source.is_billable,
  source.status,
  source.approved_at,
  source.service_from_date,
  source.service_to_date,
  source.project_ref as project_code,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('supplier_cost') }}) as source
left join {{ ref('project_xref') }} as project_xref
  on source.source_system = project_xref.source_system and source.project_ref = project_xref.source_id
left join {{ ref('project') }} as project
  on project_xref.project_id = project.project_id
