select
  {{ entity_id('source.source_system', 'source.source_id') }} as org_unit_id,
  source.name,
  source.org_type,
  source.code,
  {{ entity_id('source.source_system', 'source.parent_source_id') }} as parent_org_unit_id,
  manager.resource_id as manager_resource_id,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('org_unit') }}) as source
left join {{ ref('resource') }} as manager
  on lower(source.manager_ref) = manager.email
