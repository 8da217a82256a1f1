-- Multiplied by exact fractions: a division would leave the decimals.
{%- set factors = {
  'One': '1', 'Ten': '0.1', 'Hundred': '0.01', 'Thousand': '0.001', 'TenThousand': '0.0001'
} %}

select
  rate_id as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  is_deleted,
  from_currency,
  to_currency,
  start_date as rate_date,
  case rate_type
    when 'Default' then 'spot'
    when 'Average' then 'month_avg'
    else 'unknown'
  end as rate_type,
  cast(
    case conversion_factor
      {% for name, factor in factors.items() %}
      when '{{ name }}' then rate * cast({{ factor }} as decimal(5, 4))
      {% endfor %}
    end as decimal(18, 8)
  ) as rate
from {{ ref('stg_dynamics365__exchange_rates') }}
