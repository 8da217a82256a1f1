with quoted as (
  {{ quotations('month_avg') }}
),

-- Firms date the average of a month by its first or its last day: the month is what tells it, and what came last holds.
ranked as (
  select
    cast({{ dbt.date_trunc('month', 'rate_date') }} as date) as month_start_date,
    from_currency,
    to_currency,
    rate_date,
    rate,
    is_inverse,
    row_number() over (
      partition by {{ dbt.date_trunc('month', 'rate_date') }}, from_currency, to_currency
      order by
        case when is_inverse then 1 else 0 end asc nulls last,
        rate_date desc nulls last,
        rate asc nulls last
    ) as preference
  from quoted
  where rate_date <= {{ as_of_date() }}
)

select
  month_start_date,
  from_currency,
  to_currency,
  rate_date,
  cast(rate as decimal(18, 8)) as rate,
  is_inverse
from ranked
where preference = 1
