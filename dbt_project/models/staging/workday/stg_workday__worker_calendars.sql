select
  worker_wid,
  work_calendar_id,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'worker_calendars', 'worker_wid') }}) as latest
