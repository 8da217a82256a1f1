with field as (
  {{ kantata_custom_fields('Workspace', {
    'project_code': 'display_value', 'project_type': 'display_value', 'merged_into': 'display_value',
    'parent': 'display_value', 'service_line': 'display_value', 'excluded_from_billing': 'display_value'}) }}
),

reference as (
  {{ kantata_references('Workspace', ['contract_line', 'customer']) }}
),

status as (
  select lower(name) as status_name, min(purpose) as status
  from {{ ref('stg_kantata__field_purposes') }}
  where kind = 'project_status' and not is_deleted
  group by lower(name)
)

select
  workspace.workspace_id as source_id,
  workspace.updated_at as source_updated_at,
  workspace.is_deleted,
  workspace.title as name,
  field.project_code,
  reference.customer as customer_ref,
  reference.contract_line as contract_line_ref,
  case lower(field.project_type)
    when 'billable' then 'billable'
    when 'internal' then 'internal'
    when 'pre-sales' then 'presales'
    when 'presales' then 'presales'
    else 'unknown'
  end as project_type,
  case when workspace.is_archived then 'closed' else coalesce(status.status, 'unknown') end as status,
  workspace.start_date,
  workspace.due_date as end_date,
  workspace.created_at,
  field.merged_into as merged_into_source_id,
  lower(manager.email) as manager_ref,
  field.parent as parent_source_id,
  field.service_line,
  coalesce(lower(field.excluded_from_billing) in ('yes', 'true'), false) as is_excluded_from_billing
from {{ ref('stg_kantata__workspaces') }} as workspace
left join field
  on workspace.workspace_id = field.subject_id
left join reference
  on workspace.workspace_id = reference.subject_id
left join status
  on lower(workspace.status_name) = status.status_name
left join {{ ref('stg_kantata__users') }} as manager
  on workspace.primary_maven_id = manager.user_id
