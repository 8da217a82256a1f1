select
  data_area_id as company,
  invoice_number,
  nullif(lower(integration_source_data_id), '') as proforma_invoice_id,
  invoice_type as invoice_type_code,
  nullif(invoice_customer_account_number, '') as customer_account,
  currency_code,
  nullif(corrected_invoice_number, '') as corrected_invoice_number,
  nullif(reason_code, '') as reason_code,
  nullif(rejection_reason, '') as rejection_reason,
  {{ finance_day('invoice_date') }} as invoice_date,
  {{ finance_day('document_date') }} as document_date,
  {{ finance_day('due_date') }} as due_date,
  {{ finance_day('sent_date') }} as sent_date,
  {{ finance_day('rejected_date') }} as rejected_date,
  cast(total_tax_amount as decimal(18, 4)) as tax_amount,
  cast(total_invoice_amount as decimal(18, 4)) as gross_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'project_invoice', ['data_area_id', 'invoice_number']) }}) as latest
