select
  {{ entity_id('source.source_system', 'source.source_id') }} as expense_item_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.correlation_id,
  project.customer_id,
  resource.resource_id,
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
  source.project_ref as project_code,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('expense_item') }}) as source
left join {{ ref('project_by_code') }} as by_code
  on source.project_ref = by_code.project_code
left join {{ ref('project') }} as project
  on by_code.project_id = project.project_id
left join {{ ref('resource') }} as resource
  on lower(source.resource_ref) = resource.email
