select
  time_off_entry_wid,
  worker_wid,
  time_off_date,
  units,
  lower(unit_of_time) as unit_of_time,
  time_off_type,
  status,
  cast(last_updated as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'time_off', 'time_off_entry_wid') }}) as latest
