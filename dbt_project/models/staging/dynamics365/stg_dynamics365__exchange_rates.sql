{%- set keys = ['rate_type_name', 'from_currency', 'to_currency', 'start_date'] -%}

select
  rate_type_name || '-' || from_currency || '-' || to_currency || '-'
  || cast(cast(start_date as date) as {{ dbt.type_string() }}) as rate_id,
  rate_type_name as rate_type,
  from_currency,
  to_currency,
  {{ finance_day('start_date') }} as start_date,
  conversion_factor,
  cast(rate as decimal(24, 12)) as rate,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'exchange_rate', keys) }}) as latest
