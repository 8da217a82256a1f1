-- Years of a contract line, counted from its first day: volume discounts start anew in each of them.
with numbers as (
  {% for n in range(12) %}
  select {{ n }} as year_number
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

lines as (
  select
    contract_line_id,
    coalesce(start_date, cast('2018-01-01' as date)) as start_date
  from {{ ref('contract_line') }}
)

select
  {{ dbt.hash("lines.contract_line_id || '|' || cast(numbers.year_number as " ~ dbt.type_string() ~ ")") }} as contract_year_id,
  lines.contract_line_id,
  cast(numbers.year_number as int) as year_number,
  cast({{ dbt.dateadd('year', 'numbers.year_number', 'lines.start_date') }} as date) as from_date,
  cast({{ dbt.dateadd('day', -1, dbt.dateadd('year', 'numbers.year_number + 1', 'lines.start_date')) }} as date) as to_date
from lines
cross join numbers
