select
  {{ entity_id('source_system', 'source_id') }} as legal_entity_id,
  name,
  currency,
  country,
  case when parent_source_id is not null then {{ entity_id('source_system', 'parent_source_id') }} end as parent_legal_entity_id,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ({{ union_mapped('legal_entity') }}) as source
