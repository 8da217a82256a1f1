select
  data_area_id as company,
  write_off_id as write_off_number,
  nullif(invoice_number, '') as invoice_number,
  currency_code,
  nullif(reason_code, '') as reason_code,
  nullif(approved_by, '') as approver,
  nullif(approver_role, '') as approver_role,
  {{ finance_day('write_off_date') }} as written_off_date,
  cast(write_off_amount as decimal(18, 4)) as amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'write_off', ['data_area_id', 'write_off_id']) }}) as latest
