select
  {{ entity_id('source.source_system', 'source.source_id') }} as engagement_id,
  {{ entity_id('source.source_system', 'source.source_id') }} as correlation_id,
  xref.customer_id,
  legal_entity.legal_entity_id,
  legal_entity.time_zone,
  source.opportunity_source_id,
  source.opportunity_amount,
  source.closed_won_at,
  source.name,
  source.currency,
  source.status,
  source.signed_date,
  source.start_date,
  source.end_date,
  source.po_expires_date,
  source.cap_amount,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('engagement') }}) as source
left join {{ ref('customer_xref') }} as xref
  on source.source_system = xref.source_system and source.customer_source_id = xref.source_id
left join {{ ref('legal_entity') }} as legal_entity
  on source.legal_entity_ref = legal_entity.source_id
