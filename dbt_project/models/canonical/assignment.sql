select
  {{ entity_id('source.source_system', 'source.source_id') }} as assignment_id,
  {{ entity_id('source.source_system', 'source.project_source_id') }} as project_id,
  xref.resource_id,
  source.role,
  source.start_date,
  source.end_date,
  source.hours,
  source.is_hard,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('assignment') }}) as source
left join {{ ref('resource_xref') }} as xref
  on source.source_system = xref.source_system and source.resource_source_id = xref.source_id
