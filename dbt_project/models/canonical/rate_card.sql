select
  {{ entity_id('source.source_system', 'source.source_id') }} as rate_card_id,
  source.name,
  source.origin,
  source.scope_type,
  source.scope_ref,
  source.currency,
  source.created_at,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('rate_card') }}) as source
