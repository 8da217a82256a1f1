with days as (
  {{ dbt.date_spine('day', "cast('2018-01-01' as date)", "cast('2036-01-01' as date)") }}
),

described as (
  select
    cast(days.date_day as date) as calendar_date,
    cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start_date,
    cast({{ dbt.last_day('days.date_day', 'month') }} as date) as month_end_date,
    -- 2018-01-01 was a Monday: 0 is Monday, 6 is Sunday.
    mod({{ dbt.datediff("cast('2018-01-01' as date)", 'days.date_day', 'day') }}, 7) as weekday_number,
    holidays.holiday_date is not null as is_holiday
  from days
  left join {{ ref('holidays') }} as holidays
    on cast(days.date_day as date) = holidays.holiday_date
)

select
  calendar_date,
  month_start_date,
  month_end_date,
  cast({{ dbt.datediff('month_start_date', 'calendar_date', 'day') }} + 1 as int) as day_of_month,
  cast(weekday_number as int) as weekday_number,
  weekday_number < 5 and not is_holiday as is_business_day,
  cast(
    sum(case when weekday_number < 5 and not is_holiday then 1 else 0 end)
      over (order by calendar_date asc nulls last rows between unbounded preceding and current row)
    as int
  ) as business_day_number
from described
