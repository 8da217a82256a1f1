select
  attempt_id,
  record_type as record_type_code,
  record_ref,
  from_system as from_system_code,
  to_system as to_system_code,
  cast(attempt_no as {{ dbt.type_int() }}) as attempt,
  status as status_code,
  error_class,
  can_retry = 'Y' as is_transient,
  cast(occurred_at as {{ dbt.type_timestamp() }}) as occurred_at,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'sync_log', 'attempt_id') }}) as latest
