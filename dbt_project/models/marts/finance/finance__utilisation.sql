-- (Step 1/3) The working days of each employed person by their own calendar, less holidays and approved leave.
with days_off as (
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

-- From the first month of which any time is known: before it, nothing says that nobody worked.
known as (
  select cast({{ dbt.date_trunc('month', 'min(work_date)') }} as date) as from_date
  from {{ ref('time_entry') }}
  where not is_deleted
),

working_days as (
  select
    resource.resource_id,
    days.month_start_date,
    calendar.hours_per_day,
    case when days_off.holiday_date is not null then calendar.hours_per_day else 0 end as holiday_hours,
    case
      when days_off.holiday_date is null then least(calendar.hours_per_day, coalesce(leaves.hours, 0))
      else 0
    end as leave_hours
  from {{ ref('resource') }} as resource
  inner join {{ ref('work_calendar') }} as calendar on resource.work_calendar_id = calendar.work_calendar_id
  cross join known
  inner join {{ ref('ledger__calendar_days') }} as days
    on
      days.weekday_number < 5
      and days.calendar_date between coalesce(resource.hire_date, known.from_date)
      and coalesce(resource.termination_date, {{ as_of_date() }})
      and days.calendar_date between known.from_date and {{ as_of_date() }}
  left join days_off
    on resource.work_calendar_id = days_off.work_calendar_id and days.calendar_date = days_off.holiday_date
  left join leaves on resource.resource_id = leaves.resource_id and days.calendar_date = leaves.leave_date
  where not resource.is_deleted and not calendar.is_deleted
),

available as (
  select
    resource_id,
    month_start_date,
    sum(hours_per_day) as calendar_hours,
    sum(holiday_hours) as holiday_hours,
    sum(leave_hours) as leave_hours,
    sum(hours_per_day - holiday_hours - leave_hours) as available_hours
  from working_days
  group by resource_id, month_start_date
),

-- (Step 2/3) What they logged, whatever its approval: utilisation asks what was worked.
logged as (
  select
    entry.resource_id,
    cast({{ dbt.date_trunc('month', 'entry.work_date') }} as date) as month_start_date,
    sum(entry.hours) as logged_hours,
    sum(
      case when project.project_type = 'billable' and coalesce(entry.is_billable, true) then entry.billable_hours else 0 end
    ) as billable_hours
  from {{ ref('time_entry') }} as entry
  left join {{ ref('project') }} as project on entry.project_id = project.project_id
  where not entry.is_deleted and entry.status <> 'rejected' and entry.work_date <= {{ as_of_date() }}
  group by entry.resource_id, cast({{ dbt.date_trunc('month', 'entry.work_date') }} as date)
),

-- (Step 3/3) Person by person: hours of people whose calendar is unknown are shown beside the rate, not in it.
people as (
  select
    coalesce(available.resource_id, logged.resource_id) as resource_id,
    coalesce(available.month_start_date, logged.month_start_date) as month_start_date,
    available.calendar_hours,
    available.holiday_hours,
    available.leave_hours,
    available.available_hours,
    case when available.resource_id is not null then coalesce(logged.logged_hours, 0) end as logged_hours,
    case when available.resource_id is not null then coalesce(logged.billable_hours, 0) end as billable_hours,
    case when available.resource_id is null then logged.billable_hours end as unmeasured_billable_hours
  from available
  full outer join logged
    on available.resource_id = logged.resource_id and available.month_start_date = logged.month_start_date
)

select
  {{ dbt.hash(
    "coalesce(resource.legal_entity_id, 'none') || '|' || coalesce(resource.role, 'none') || '|' || "
    ~ "cast(people.month_start_date as " ~ dbt.type_string() ~ ")"
  ) }} as utilisation_id,
  {{ as_of_date() }} as as_of_date,
  resource.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  resource.role,
  people.month_start_date as work_month,
  cast(count(people.available_hours) as int) as person_count,
  cast(sum(case when people.available_hours is null then 1 else 0 end) as int) as unmeasured_person_count,
  cast(sum(people.calendar_hours) as decimal(18, 4)) as calendar_hours,
  cast(sum(people.holiday_hours) as decimal(18, 4)) as holiday_hours,
  cast(sum(people.leave_hours) as decimal(18, 4)) as leave_hours,
  cast(sum(people.available_hours) as decimal(18, 4)) as available_hours,
  cast(sum(people.logged_hours) as decimal(18, 4)) as logged_hours,
  cast(sum(people.billable_hours) as decimal(18, 4)) as billable_hours,
  cast(sum(people.unmeasured_billable_hours) as decimal(18, 4)) as unmeasured_billable_hours,
  {{ percentage('sum(people.billable_hours)', 'sum(people.available_hours)') }} as utilisation_pct
from people
left join {{ ref('resource') }} as resource on people.resource_id = resource.resource_id
left join {{ ref('legal_entity') }} as legal_entity on resource.legal_entity_id = legal_entity.legal_entity_id
group by resource.legal_entity_id, legal_entity.name, resource.role, people.month_start_date
