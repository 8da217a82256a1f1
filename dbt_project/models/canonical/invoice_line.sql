select
  {{ entity_id('source.source_system', 'source.source_id') }} as invoice_line_id,
  invoice.invoice_id,
  coalesce(contract_line.contract_line_id, project.contract_line_id) as contract_line_id,
  coalesce(contract_line.engagement_id, project.engagement_id) as engagement_id,
  coalesce(contract_line.correlation_id, project.correlation_id) as correlation_id,
  project.effective_project_id as project_id,
  source.project_ref,
  resource_xref.resource_id,
  lower(source.resource_ref) as resource_ref,
  source.description,
  source.quantity,
  source.unit_price,
  source.net_amount,
  coalesce(source.currency, invoice.currency) as currency,
  source.service_from_date,
  source.service_to_date,
  coalesce(source.line_type, 'items') as line_type,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('invoice_line') }}) as source
left join {{ ref('invoice') }} as invoice
  on source.source_system = invoice.source_system and source.invoice_source_id = invoice.source_id
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
left join {{ ref('project_xref') }} as project_xref
  on source.source_system = project_xref.source_system and source.project_ref = project_xref.source_id
left join {{ ref('project') }} as project
  on project_xref.project_id = project.project_id
left join {{ ref('resource_xref') }} as resource_xref
  on source.source_system = resource_xref.source_system and lower(source.resource_ref) = resource_xref.source_id
