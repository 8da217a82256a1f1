select
  amendment_no,
  change_order_ref,
  contract_line_ref,
  cast(amount as decimal(18, 4)) as amount,
  cast(cap_amount as decimal(18, 4)) as cap_amount,
  currency,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'change_orders', 'amendment_no') }}) as latest
