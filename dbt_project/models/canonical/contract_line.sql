select
  {{ entity_id('source.source_system', 'source.source_id') }} as contract_line_id,
  engagement.engagement_id,
  engagement.correlation_id,
  engagement.customer_id,
  engagement.legal_entity_id,
  source.name,
  source.billing_method,
  coalesce(source.currency, engagement.currency) as currency,
  source.contract_amount,
  source.cap_amount,
  coalesce(source.discount_pct, cast(0 as decimal(9, 4))) as discount_pct,
  case
    when source.rate_card_source_id is not null then {{ entity_id('source.source_system', 'source.rate_card_source_id') }}
  end as rate_card_id,
  calendar.billing_calendar_id,
  source.passthrough_basis,
  source.passthrough_markup_pct,
  source.expense_policy,
  source.expense_markup_pct,
  source.expense_cap_amount,
  source.expense_categories,
  coalesce(source.is_no_charge, false) as is_no_charge,
  source.revrec_method,
  source.estimate_at_completion_amount,
  coalesce(source.start_date, engagement.start_date) as start_date,
  coalesce(source.end_date, engagement.end_date) as end_date,
  source.final_invoice_date,
  engagement.po_expires_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('contract_line') }}) as source
left join {{ ref('engagement') }} as engagement
  on source.source_system = engagement.source_system and source.engagement_source_id = engagement.source_id
left join {{ ref('billing_calendar') }} as calendar
  on source.billing_calendar_ref = calendar.source_id
