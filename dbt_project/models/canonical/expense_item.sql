select
  {{ entity_id('source.source_system', 'source.source_id') }} as expense_item_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.correlation_id,
  project.customer_id,
  resource_xref.resource_id,
  lower(source.resource_ref) as resource_ref,
  source.report_source_id,
  source.category,
  source.expense_date,
  source.amount,
  source.currency,
  source.tax_amount,
  source.recoverable_tax_amount,
  source.is_billable,
  source.status,
  source.submitted_at,
  source.approved_at,
  source.merchant,
  source.receipt_ref,
  source.rejected_at,
  source.rejection_reason,
  source.reimbursed_at,
  source.project_ref as project_code,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('expense_item') }}) as source
left join {{ ref('project_xref') }} as project_xref
  on source.source_system = project_xref.source_system and source.project_ref = project_xref.source_id
left join {{ ref('project') }} as project
  on project_xref.project_id = project.project_id
left join {{ ref('resource_xref') }} as resource_xref
  on source.source_system = resource_xref.source_system and lower(source.resource_ref) = resource_xref.source_id
