select
  {{ entity_id('source.source_system', 'source.source_id') }} as contract_balance_id,
  engagement.engagement_id,
  engagement.correlation_id,
  source.period_start_date,
  coalesce(source.book, 'primary') as book,
  source.contract_asset_amount,
  source.unbilled_receivable_amount,
  source.contract_liability_amount,
  source.loss_provision_amount,
  coalesce(source.currency, engagement.currency) as currency,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('contract_balance') }}) as source
left join {{ ref('engagement') }} as engagement
  on source.engagement_ref = engagement.source_id
