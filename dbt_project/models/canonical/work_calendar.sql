select
  {{ entity_id('source_system', 'source_id') }} as work_calendar_id,
  name,
  country,
  hours_per_day,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ({{ union_mapped('work_calendar') }}) as source
