select
  data_area_id as company,
  sys_rec_id as dispute_number,
  nullif(invoice_number, '') as invoice_number,
  -- Zero is no line: the whole invoice is meant.
  case when invoice_line_number <> 0 then cast(invoice_line_number as {{ dbt.type_string() }}) end as line_number,
  transaction_currency as currency_code,
  nullif(reason_code, '') as reason_code,
  status as status_code,
  {{ finance_day('opened_date') }} as opened_date,
  {{ finance_day('status_changed_date') }} as status_changed_date,
  cast(amount_cur as decimal(18, 4)) as amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'dispute', ['data_area_id', 'sys_rec_id']) }}) as latest
