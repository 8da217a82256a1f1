select
  data_area_id as company,
  free_text_number,
  nullif(invoice_id, '') as invoice_number,
  nullif(customer_account, '') as customer_account,
  currency_code,
  is_posted as posted_code,
  is_correction as correction_code,
  nullif(corrected_invoice_id, '') as corrected_invoice_number,
  nullif(reason_code, '') as reason_code,
  nullif(rejection_reason, '') as rejection_reason,
  {{ finance_day('invoice_date') }} as invoice_date,
  {{ finance_day('document_date') }} as document_date,
  {{ finance_day('due_date') }} as due_date,
  {{ finance_day('sent_date') }} as sent_date,
  {{ finance_day('rejected_date') }} as rejected_date,
  cast(total_tax_amount as decimal(18, 4)) as tax_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'free_text_invoice', ['data_area_id', 'free_text_number']) }}) as latest
