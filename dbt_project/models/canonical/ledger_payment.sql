select
  {{ entity_id('source.source_system', 'source.source_id') }} as ledger_payment_id,
  {{ entity_id('source.source_system', 'source.invoice_source_id') }} as invoice_id,
  xref.customer_id,
  source.amount,
  source.currency,
  source.payment_date,
  source.withholding_tax_amount,
  source.deduction_amount,
  source.deduction_reason,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('payment') }}) as source
left join {{ ref('customer_xref') }} as xref
  on source.source_system = xref.source_system and source.customer_source_id = xref.source_id
