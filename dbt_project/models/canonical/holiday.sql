select
  {{ entity_id('source_system', 'source_id') }} as holiday_id,
  {{ entity_id('source_system', 'work_calendar_source_id') }} as work_calendar_id,
  holiday_date,
  name,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ({{ union_mapped('holiday') }}) as source
