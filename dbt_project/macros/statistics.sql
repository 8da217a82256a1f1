{# A percentage with two decimals; NULL when there is nothing to divide by. #}
{% macro percentage(part, whole) -%}
  cast(round({{ quotient('100 * cast(' ~ part ~ ' as decimal(24, 4))', 'nullif(' ~ whole ~ ', 0)') }}, 2) as decimal(18, 4))
{%- endmacro %}

{# For how many days an amount stands when so much of it moves in a number of days; NULL when nothing moves. #}
{% macro days_of(amount, moved, days) -%}
  cast(round({{ quotient(
    'cast(' ~ days ~ ' as decimal(4, 0)) * cast(' ~ amount ~ ' as decimal(24, 4))',
    'case when ' ~ moved ~ ' > 0 then ' ~ moved ~ ' end'
  ) }}, 2) as decimal(18, 4))
{%- endmacro %}

{# The rank of a value among those of its group, with a column that decides between equal ones; unknown values come last. #}
{% macro value_rank(value, group_columns, tie_breaker) -%}
  row_number() over (
    partition by {{ group_columns | join(', ') }} order by {{ value }} asc nulls last, {{ tie_breaker }} asc nulls last
  )
{%- endmacro %}

{#
  The percentile of ranked values, by the nearest rank: the smallest value that so many percent do not exceed. The rank
  (row_number by value) and the number of values are columns; integers alone decide, so that all engines agree.
#}
{% macro percentile(value, rank, value_count, percent) -%}
  cast(min(case when 100 * {{ rank }} >= {{ percent }} * {{ value_count }} then {{ value }} end) as decimal(18, 4))
{%- endmacro %}

{# The median of ranked values: of an even number of them, the middle between the two in the middle. #}
{% macro median(value, rank, value_count) -%}
  {%- set is_middle = '2 * ' ~ rank ~ ' between ' ~ value_count ~ ' and ' ~ value_count ~ ' + 2' -%}
  cast(round({{ quotient(
    'cast(sum(case when ' ~ is_middle ~ ' then ' ~ value ~ ' end) as decimal(18, 4))',
    'nullif(count(case when ' ~ is_middle ~ ' then ' ~ value ~ ' end), 0)'
  ) }}, 2) as decimal(18, 4))
{%- endmacro %}
