select
  data_area_id as company,
  journal_batch_number as journal_number,
  cast(line_number as {{ dbt.type_string() }}) as line_number,
  nullif(account_display_value, '') as customer_account,
  currency_code,
  {{ finance_day('transaction_date') }} as payment_date,
  cast(credit_amount as decimal(18, 4)) as credit_amount,
  cast(debit_amount as decimal(18, 4)) as debit_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'payment_line', ['data_area_id', 'journal_batch_number', 'line_number']) }}) as latest
