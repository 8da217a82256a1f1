select
  id as time_date_id,
  name,
  pse_timecard_c as timecard_id,
  pse_date_c as work_date,
  pse_day_of_week_c as weekday,
  pse_hours_c as hours,
  exact_hours_c as exact_hours,
  billable_hours_c as billable_hours,
  submitted_billable_hours_c as submitted_billable_hours,
  writedown_reason_c as writedown_reason,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'time_date', 'id') }}) as latest
