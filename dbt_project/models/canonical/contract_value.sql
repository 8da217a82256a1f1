select
  {{ entity_id('source.source_system', 'source.source_id') }} as contract_value_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  source.source_domain,
  source.amount,
  source.currency,
  source.created_at,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('contract_value') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
