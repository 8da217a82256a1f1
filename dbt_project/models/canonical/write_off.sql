select
  {{ entity_id('source.source_system', 'source.source_id') }} as write_off_id,
  invoice.invoice_id,
  source.amount,
  coalesce(source.currency, invoice.currency) as currency,
  source.written_off_date,
  source.reason_code,
  source.approver,
  source.approver_role,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('write_off') }}) as source
left join {{ ref('invoice') }} as invoice
  on source.source_system = invoice.source_system and source.invoice_source_id = invoice.source_id
