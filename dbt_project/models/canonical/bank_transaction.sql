select
  {{ entity_id('source.source_system', 'source.source_id') }} as bank_transaction_id,
  source.statement_ref,
  source.account,
  source.booking_date,
  source.value_date,
  source.amount,
  source.currency,
  source.counterparty_name,
  source.counterparty_account,
  source.payment_reference,
  source.remittance_text,
  source.invoice_ref,
  coalesce(source.is_reversal, false) as is_reversal,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('bank_transaction') }}) as source
