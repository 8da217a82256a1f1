select
  write_off_id,
  document_id,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  posted_date,
  reason_code,
  approver,
  approver_role,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'write_offs', 'write_off_id') }}) as latest
