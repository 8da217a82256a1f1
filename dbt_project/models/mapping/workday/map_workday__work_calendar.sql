select
  work_calendar_id as source_id,
  -- The report does not say when a calendar was changed.
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  is_deleted,
  name,
  country,
  cast(hours_per_day as decimal(9, 4)) as hours_per_day
from {{ ref('stg_workday__work_calendars') }}
