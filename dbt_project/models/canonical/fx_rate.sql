select
  {{ entity_id('source_system', 'source_id') }} as fx_rate_id,
  from_currency,
  to_currency,
  rate_date,
  rate_type,
  rate,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ({{ union_mapped('fx_rate') }}) as source
