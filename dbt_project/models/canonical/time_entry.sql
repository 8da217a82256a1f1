select
  {{ entity_id('source.source_system', 'source.source_id') }} as time_entry_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.correlation_id,
  project.customer_id,
  resource.resource_id,
  coalesce(source.role, resource.role) as role,
  source.work_date,
  source.hours,
  source.billable_hours,
  source.is_billable,
  source.status,
  source.submitted_at,
  source.approved_at,
  source.approver,
  source.applied_rate,
  source.applied_currency,
  source.is_marked_billed,
  source.hold_reason,
  source.hold_from_date,
  source.hold_until_date,
  source.submitted_billable_hours,
  source.writedown_reason,
  change_order.change_order_id,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('time_entry') }}) as source
left join {{ ref('project') }} as project
  on source.source_system = project.source_system and source.project_source_id = project.source_id
left join {{ ref('change_order') }} as change_order
  on source.change_order_ref = change_order.source_id
left join {{ ref('resource_xref') }} as xref
  on source.source_system = xref.source_system and source.resource_source_id = xref.source_id
left join {{ ref('resource') }} as resource
  on xref.resource_id = resource.resource_id
