select
  payment_id,
  document_id,
  customer_no,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  payment_date,
  cast(withholding_tax as decimal(18, 4)) as withholding_tax_amount,
  cast(deduction as decimal(18, 4)) as deduction_amount,
  deduction_reason,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'payments', 'payment_id') }}) as latest
