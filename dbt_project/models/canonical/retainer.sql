select
  {{ entity_id('source.source_system', 'source.source_id') }} as retainer_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  contract_line.customer_id,
  source.start_date,
  source.expiry_date,
  source.hours,
  source.amount,
  coalesce(source.currency, contract_line.currency) as currency,
  coalesce(source.is_refundable, false) as is_refundable,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('retainer') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
