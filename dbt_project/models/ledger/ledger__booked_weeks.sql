-- (Step 1/3) Firm bookings on billable work, spread evenly over their weekdays.
with bookings as (
  select
    booking.assignment_id,
    booking.resource_id,
    project.contract_line_id,
    coalesce(booking.role, resource.role) as role,
    booking.hours,
    days.calendar_date,
    resource.work_calendar_id,
    resource.hire_date,
    resource.termination_date,
    count(*) over (partition by booking.assignment_id) as weekdays
  from {{ ref('assignment') }} as booking
  inner join {{ ref('project') }} as project on booking.project_id = project.project_id
  inner join {{ ref('resource') }} as resource on booking.resource_id = resource.resource_id
  inner join {{ ref('ledger__calendar_days') }} as days
    on days.calendar_date between booking.start_date and booking.end_date and days.weekday_number < 5
  where
    not booking.is_deleted
    and booking.is_hard
    and booking.hours > 0
    and project.project_type = 'billable'
    and not project.is_deleted
),

-- (Step 2/3) While employed, without what fell on a holiday, no more than the person's calendar has, less approved leave.
days_off as (
  select distinct
    work_calendar_id,
    holiday_date
  from {{ ref('holiday') }}
  where not is_deleted
),

leaves as (
  select
    resource_id,
    leave_date,
    sum(hours) as hours
  from {{ ref('leave') }}
  where status = 'approved' and not is_deleted
  group by resource_id, leave_date
),

daily as (
  select
    bookings.resource_id,
    bookings.contract_line_id,
    bookings.role,
    bookings.calendar_date,
    cast({{ dbt.dateadd('day', '-days.weekday_number', 'bookings.calendar_date') }} as date) as week_start_date,
    {{ quotient('cast(bookings.hours as decimal(20, 4))', 'bookings.weekdays') }} as booked_hours,
    leaves.hours as leave_hours,
    calendar.hours_per_day,
    sum({{ quotient('cast(bookings.hours as decimal(20, 4))', 'bookings.weekdays') }}) over (
      partition by bookings.resource_id, bookings.calendar_date
    ) as day_hours
  from bookings
  inner join {{ ref('ledger__calendar_days') }} as days on bookings.calendar_date = days.calendar_date
  left join days_off
    on bookings.work_calendar_id = days_off.work_calendar_id and bookings.calendar_date = days_off.holiday_date
  left join leaves on bookings.resource_id = leaves.resource_id and bookings.calendar_date = leaves.leave_date
  left join {{ ref('work_calendar') }} as calendar
    on bookings.work_calendar_id = calendar.work_calendar_id and not calendar.is_deleted
  where
    days_off.holiday_date is null
    and (bookings.hire_date is null or bookings.hire_date <= bookings.calendar_date)
    and (bookings.termination_date is null or bookings.termination_date >= bookings.calendar_date)
),

-- Bookings of one day share what the day has.
fitting as (
  select
    daily.*,
    case
      when hours_per_day < day_hours
        then {{ quotient('cast(booked_hours as decimal(20, 6)) * hours_per_day', 'day_hours') }}
      else booked_hours
    end as fitting_hours
  from daily
)

-- (Step 3/3) A week of a person on a contract line.
select
  resource_id || '|' || coalesce(contract_line_id, 'none') || '|' || coalesce(role, 'none') || '|'
  || cast(week_start_date as {{ dbt.type_string() }}) as booked_week_id,
  resource_id,
  contract_line_id,
  role,
  week_start_date as work_date,
  cast({{ dbt.dateadd('day', 6, 'week_start_date') }} as date) as week_end_date,
  cast(sum(fitting_hours) as decimal(9, 4)) as booked_hours,
  cast(
    sum(
      case
        when leave_hours is null then 0
        else least(fitting_hours, {{ quotient('cast(leave_hours as decimal(20, 4)) * booked_hours', 'day_hours') }})
      end
    ) as decimal(9, 4)
  ) as leave_hours
from fitting
group by resource_id, contract_line_id, role, week_start_date
