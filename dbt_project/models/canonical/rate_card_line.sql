select
  {{ entity_id('source.source_system', 'source.source_id') }} as rate_card_line_id,
  {{ entity_id('source.source_system', 'source.rate_card_source_id') }} as rate_card_id,
  source.role,
  coalesce(resource.email, lower(source.resource_ref)) as resource_email,
  source.hourly_rate,
  card.currency,
  source.valid_from_date,
  source.valid_to_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('rate_card_line') }}) as source
left join {{ ref('rate_card') }} as card
  on source.source_system = card.source_system and source.rate_card_source_id = card.source_id
left join {{ ref('resource_xref') }} as xref
  on source.source_system = xref.source_system and lower(source.resource_ref) = xref.source_id
left join {{ ref('resource') }} as resource
  on xref.resource_id = resource.resource_id
