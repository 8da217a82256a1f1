select
  {{ entity_id('source_system', 'source_id') }} as billing_calendar_id,
  name,
  frequency,
  cutoff_day,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ({{ union_mapped('billing_calendar') }}) as source
