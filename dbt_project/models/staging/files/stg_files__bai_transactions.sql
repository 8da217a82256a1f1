select
  account || '-' || transaction_ref as transaction_key,
  account,
  statement_id,
  as_of_date,
  value_date,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  type_code,
  customer_reference,
  remittance_text,
  is_reversal,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'bai_transactions', ['account', 'transaction_ref']) }}) as latest
