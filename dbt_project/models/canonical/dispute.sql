select
  {{ entity_id('source.source_system', 'source.source_id') }} as dispute_id,
  invoice.invoice_id,
  case
    when source.invoice_line_source_id is not null
      then {{ entity_id('source.source_system', 'source.invoice_line_source_id') }}
  end as invoice_line_id,
  source.amount,
  coalesce(source.currency, invoice.currency) as currency,
  source.reason_code,
  source.opened_date,
  source.resolved_date,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('dispute') }}) as source
left join {{ ref('invoice') }} as invoice
  on source.source_system = invoice.source_system and source.invoice_source_id = invoice.source_id
