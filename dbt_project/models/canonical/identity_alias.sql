with aliases as (
  select 'customer' as entity_type, xref.customer_id as entity_id, 'record_id' as alias_type, xref.source_id as alias,
    xref.source_system, xref.match_method
  from {{ ref('customer_xref') }} as xref

  union all

  select
    'customer' as entity_type, xref.customer_id as entity_id,
    case when names.name_type = 'former' then 'former_name' else 'name' end as alias_type, names.name as alias,
    xref.source_system, xref.match_method
  from {{ ref('customer_name') }} as names
  inner join {{ ref('customer_xref') }} as xref on names.source_customer_id = xref.source_customer_id

  union all

  select 'customer' as entity_type, xref.customer_id as entity_id, 'tax_id' as alias_type, record.tax_id as alias,
    xref.source_system, xref.match_method
  from {{ ref('customer_record') }} as record
  inner join {{ ref('customer_xref') }} as xref on record.source_customer_id = xref.source_customer_id
  where record.tax_id is not null

  union all

  select
    'resource' as entity_type, xref.resource_id as entity_id,
    case when xref.identifier_type = 'email' then 'email' else 'record_id' end as alias_type, xref.source_id as alias,
    xref.source_system, xref.match_method
  from {{ ref('resource_xref') }} as xref
  where xref.resource_id is not null

  union all

  select 'resource' as entity_type, xref.resource_id as entity_id, 'email' as alias_type, address.email as alias,
    xref.source_system, xref.match_method
  from {{ ref('resource_email') }} as address
  inner join {{ ref('resource_xref') }} as xref on address.source_resource_id = xref.source_resource_id

  union all

  select 'resource' as entity_type, xref.resource_id as entity_id, 'name' as alias_type, record.name as alias,
    xref.source_system, xref.match_method
  from {{ ref('resource_record') }} as record
  inner join {{ ref('resource_xref') }} as xref on record.source_resource_id = xref.source_resource_id
  where record.name is not null

  union all

  select
    'project' as entity_type, xref.effective_project_id as entity_id,
    case when xref.identifier_type = 'reference' then 'reference' else 'record_id' end as alias_type,
    xref.source_id as alias, xref.source_system, xref.match_method
  from {{ ref('project_xref') }} as xref
  where xref.effective_project_id is not null

  union all

  select 'project' as entity_type, project.effective_project_id as entity_id, 'code' as alias_type,
    project.project_code as alias, xref.source_system, xref.match_method
  from {{ ref('project') }} as project
  inner join {{ ref('project_xref') }} as xref on project.project_id = xref.source_project_id
  where project.project_code is not null

  union all

  select 'project' as entity_type, project.effective_project_id as entity_id, 'name' as alias_type, project.name as alias,
    xref.source_system, xref.match_method
  from {{ ref('project') }} as project
  inner join {{ ref('project_xref') }} as xref on project.project_id = xref.source_project_id
  where project.name is not null
)

select
  {{ dbt.hash("entity_type || '|' || entity_id || '|' || alias_type || '|' || source_system || '|' || alias") }}
    as identity_alias_id,
  entity_type,
  entity_id,
  alias_type,
  alias,
  source_system,
  min(match_method) as match_method
from aliases
group by entity_type, entity_id, alias_type, alias, source_system
