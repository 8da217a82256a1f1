select
  id as schedule_id,
  name,
  pse_start_date_c as start_date,
  pse_end_date_c as end_date,
  pse_scheduled_hours_c as scheduled_hours,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'schedule', 'id') }}) as latest
