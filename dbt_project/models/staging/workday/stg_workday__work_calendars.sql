select
  work_calendar_id,
  work_calendar_name as name,
  country_code as country,
  hours_per_day,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'work_calendars', 'work_calendar_id') }}) as latest
