select
  {{ entity_id('source.source_system', 'source.source_id') }} as change_order_id,
  {{ entity_id('source.source_system', 'source.engagement_source_id') }} as engagement_id,
  {{ entity_id('source.source_system', 'source.engagement_source_id') }} as correlation_id,
  case
    when source.contract_line_source_id is not null
      then {{ entity_id('source.source_system', 'source.contract_line_source_id') }}
  end as contract_line_id,
  source.co_number,
  source.status,
  source.requested_date,
  source.approved_date,
  source.effective_date,
  source.delta_amount,
  source.cap_delta_amount,
  source.currency,
  source.expiry_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('change_order') }}) as source
