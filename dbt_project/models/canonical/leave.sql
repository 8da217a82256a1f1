select
  {{ entity_id('source.source_system', 'source.source_id') }} as leave_id,
  xref.resource_id,
  source.leave_date,
  source.hours,
  source.leave_type,
  source.status,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('leave') }}) as source
left join {{ ref('resource_xref') }} as xref
  on source.source_system = xref.source_system and source.resource_source_id = xref.source_id
