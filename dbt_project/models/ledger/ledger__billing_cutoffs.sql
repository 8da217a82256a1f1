with calendars as (
  select
    billing_calendar_id,
    frequency,
    cutoff_day
  from {{ ref('billing_calendar') }}
  where not is_deleted
  union all
  -- Contract lines without a calendar of their own are billed monthly in arrears.
  select
    'default' as billing_calendar_id,
    'monthly' as frequency,
    31 as cutoff_day
),

cutoffs as (
  select
    calendars.billing_calendar_id,
    days.calendar_date as cutoff_date
  from calendars
  inner join {{ ref('ledger__calendar_days') }} as days
    on
      (
        calendars.frequency in ('monthly', 'quarterly')
        and (
          days.day_of_month = calendars.cutoff_day
          or (days.calendar_date = days.month_end_date and days.day_of_month < calendars.cutoff_day)
        )
        and (
          calendars.frequency = 'monthly'
          or days.month_start_date = cast({{ dbt.dateadd('month', 2, dbt.date_trunc('quarter', 'days.calendar_date')) }} as date)
        )
      )
      or (calendars.frequency = 'weekly' and days.weekday_number = mod(calendars.cutoff_day - 1, 7))
)

select
  billing_calendar_id,
  cutoff_date,
  cast(
    {{ dbt.dateadd(
      'day', 1,
      "lag(cutoff_date, 1, cast('2018-01-01' as date)) "
      ~ "over (partition by billing_calendar_id order by cutoff_date asc nulls last)"
    ) }} as date
  ) as period_from_date
from cutoffs
