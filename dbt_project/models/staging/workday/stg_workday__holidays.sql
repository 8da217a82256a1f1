select
  holiday_wid,
  work_calendar_id,
  holiday_date,
  holiday_name as name,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'holidays', 'holiday_wid') }}) as latest
