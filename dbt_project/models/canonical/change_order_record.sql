select
  {{ entity_id('source.source_system', 'source.source_id') }} as change_order_record_id,
  change_order.change_order_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  source.source_domain,
  source.delta_amount,
  source.cap_delta_amount,
  source.currency,
  source.created_at,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('change_order_record') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
left join {{ ref('change_order') }} as change_order
  on source.change_order_ref = change_order.source_id
