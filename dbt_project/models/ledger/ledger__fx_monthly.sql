with quoted as (
  select
    from_currency,
    to_currency,
    rate_date,
    rate,
    false as is_inverse
  from {{ ref('fx_rate') }}
  where rate_type = 'month_avg' and not is_deleted and rate > 0 and rate_date <= {{ as_of_date() }}
  union all
  select
    to_currency as from_currency,
    from_currency as to_currency,
    rate_date,
    rate,
    true as is_inverse
  from {{ ref('fx_rate') }}
  where rate_type = 'month_avg' and not is_deleted and rate > 0 and rate_date <= {{ as_of_date() }}
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
