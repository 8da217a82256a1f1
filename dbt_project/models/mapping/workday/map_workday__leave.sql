select
  entry.time_off_entry_wid as source_id,
  entry.updated_at as source_updated_at,
  entry.is_deleted,
  entry.worker_wid as resource_source_id,
  entry.time_off_date as leave_date,
  -- A day is what the person's calendar says; without one the hours are not known.
  cast(
    case entry.unit_of_time
      when 'hours' then round(entry.units, 4)
      when 'days' then round(cast(entry.units as decimal(18, 4)) * cast(calendar.hours_per_day as decimal(20, 4)), 4)
    end as decimal(9, 4)
  ) as hours,
  entry.time_off_type as leave_type,
  case lower(entry.status)
    when 'not submitted' then 'requested'
    when 'submitted' then 'requested'
    when 'in progress' then 'requested'
    when 'sent back' then 'requested'
    when 'approved' then 'approved'
    when 'successfully completed' then 'approved'
    when 'canceled' then 'cancelled'
    when 'cancelled' then 'cancelled'
    when 'denied' then 'cancelled'
    when 'rescinded' then 'cancelled'
    else 'unknown'
  end as status
from {{ ref('stg_workday__time_off') }} as entry
left join {{ ref('stg_workday__worker_calendars') }} as place
  on entry.worker_wid = place.worker_wid and not place.is_deleted
left join {{ ref('stg_workday__work_calendars') }} as calendar
  on place.work_calendar_id = calendar.work_calendar_id
