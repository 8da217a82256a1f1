select
  {{ entity_id('source.source_system', 'source.source_id') }} as invoice_id,
  source.invoice_number,
  source.invoice_type,
  xref.customer_id,
  legal_entity.legal_entity_id,
  represented.legal_entity_id as intercompany_legal_entity_id,
  source.currency,
  source.status,
  source.issue_date,
  source.posted_date,
  source.sent_date,
  source.due_date,
  case
    when source.original_invoice_source_id is not null
      then {{ entity_id('source.source_system', 'source.original_invoice_source_id') }}
  end as original_invoice_id,
  source.reason_code,
  source.net_amount,
  source.tax_amount,
  source.gross_amount,
  source.rejected_date,
  source.rejection_reason,
  coalesce(source.is_awaiting_sending, false) as is_awaiting_sending,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('invoice') }}) as source
left join {{ ref('customer_xref') }} as xref
  on source.source_system = xref.source_system and source.customer_source_id = xref.source_id
left join {{ ref('legal_entity') }} as legal_entity
  on source.source_system = legal_entity.source_system and source.legal_entity_source_id = legal_entity.source_id
left join {{ ref('customer_record') }} as billed
  on source.source_system = billed.source_system and source.customer_source_id = billed.source_id
left join {{ ref('legal_entity') }} as represented
  on billed.source_system = represented.source_system and billed.legal_entity_ref = represented.source_id
