select
  cast(id as {{ dbt.type_string() }}) as invoice_id,
  invoice_number,
  -- Midnight at the company, written with its offset: the first ten characters are the date that was meant.
  {{ dbt.safe_cast('substring(invoice_date, 1, 10)', 'date') }} as invoice_date,
  status,
  document_type,
  coalesce(is_credit_note, false) as is_credit_note,
  coalesce(canceled, false) as is_canceled,
  cast(supplier__id as {{ dbt.type_string() }}) as supplier_id,
  supplier__name as supplier_name,
  currency__code as currency,
  cast(gross_total as decimal(18, 4)) as gross_amount,
  cast(tax_amount as decimal(18, 4)) as tax_amount,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'invoices', 'id') }}) as latest
