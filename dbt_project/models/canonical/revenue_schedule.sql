select
  {{ entity_id('source.source_system', 'source.source_id') }} as revenue_schedule_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  source.period_start_date,
  source.book,
  source.method,
  source.planned_amount,
  source.recognised_amount,
  source.currency,
  source.posted_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('revenue_schedule') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
