with oldest as (
  select cast({{ global_policy('fx_max_age') }} as int) as max_age_days
),

quoted as (
  {{ quotations('spot') }}
),

aged as (
  select
    days.calendar_date,
    quoted.from_currency,
    quoted.to_currency,
    quoted.rate_date,
    quoted.rate,
    quoted.is_inverse,
    row_number() over (
      partition by days.calendar_date, quoted.from_currency, quoted.to_currency
      order by
        quoted.rate_date desc nulls last,
        case when quoted.is_inverse then 1 else 0 end asc nulls last,
        quoted.rate asc nulls last
    ) as preference
  from quoted
  cross join oldest
  inner join {{ ref('ledger__calendar_days') }} as days
    on
      days.calendar_date >= quoted.rate_date
      and days.calendar_date <= cast({{ dbt.dateadd('day', 'oldest.max_age_days', 'quoted.rate_date') }} as date)
)

select
  calendar_date,
  from_currency,
  to_currency,
  rate_date,
  cast(rate as decimal(18, 8)) as rate,
  is_inverse
from aged
where preference = 1
