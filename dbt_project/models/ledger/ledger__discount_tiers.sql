with numbers as (
  {% for n in range(1, 11) %}
  select {{ n }} as tier_number
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

pairs as (
  select
    line.contract_line_id,
    line.currency,
    line.tier_mode,
    numbers.tier_number,
    {{ dbt.split_part('line.discount_tiers', "';'", 'numbers.tier_number') }} as pair
  from {{ ref('contract_line') }} as line
  cross join numbers
  where line.discount_tiers is not null and not line.is_deleted
),

tiers as (
  select
    contract_line_id,
    currency,
    tier_mode,
    cast({{ dbt.split_part('pair', "':'", 1) }} as decimal(18, 4)) as from_amount,
    cast({{ dbt.split_part('pair', "':'", 2) }} as decimal(9, 4)) as discount_pct
  from pairs
  where pair <> ''
)

select
  contract_line_id || '|' || cast(from_amount as {{ dbt.type_string() }}) as discount_tier_id,
  contract_line_id,
  from_amount,
  cast(
    lead(from_amount) over (partition by contract_line_id order by from_amount asc nulls last) as decimal(18, 4)
  ) as to_amount,
  discount_pct,
  coalesce(tier_mode, 'incremental') as tier_mode,
  currency
from tiers
