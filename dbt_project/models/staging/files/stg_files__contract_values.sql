select
  contract_item_no,
  contract_line_ref,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'contract_values', 'contract_item_no') }}) as latest
