select
  write_offs.company || '-' || write_offs.write_off_number as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  write_offs.is_deleted,
  posted_invoices.source_id as invoice_source_id,
  write_offs.amount,
  write_offs.currency_code as currency,
  write_offs.written_off_date,
  write_offs.reason_code,
  write_offs.approver,
  write_offs.approver_role
from {{ ref('stg_dynamics365__write_offs') }} as write_offs
left join {{ posted_finance_documents() }} as posted_invoices
  on write_offs.company = posted_invoices.company and write_offs.invoice_number = posted_invoices.invoice_number
