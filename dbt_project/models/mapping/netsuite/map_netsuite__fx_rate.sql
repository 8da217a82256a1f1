with rates as (
  select
    'daily-' || rate_id as source_id,
    updated_at,
    is_deleted,
    from_currency_id,
    to_currency_id,
    effective_date as rate_date,
    'spot' as rate_type,
    rate
  from {{ ref('stg_netsuite__currency_rates') }}

  union all

  select
    'average-' || rate_id as source_id,
    updated_at,
    is_deleted,
    from_currency_id,
    to_currency_id,
    rate_date,
    'month_avg' as rate_type,
    rate
  from {{ ref('stg_netsuite__average_rates') }}
)

select
  rates.source_id,
  rates.updated_at as source_updated_at,
  rates.is_deleted,
  from_currencies.currency_code as from_currency,
  to_currencies.currency_code as to_currency,
  rates.rate_date,
  rates.rate_type,
  rates.rate
from rates
left join {{ ref('stg_netsuite__currencies') }} as from_currencies
  on rates.from_currency_id = from_currencies.currency_id
left join {{ ref('stg_netsuite__currencies') }} as to_currencies
  on rates.to_currency_id = to_currencies.currency_id
