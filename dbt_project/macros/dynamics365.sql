{# The day of a Finance date, which comes as noon UTC; NULL for the two days by which Finance says "none" and "open". #}
{% macro finance_day(column) -%}
  case
    when cast({{ column }} as date) in (cast('1900-01-01' as date), cast('2154-12-31' as date)) then null
    else cast({{ column }} as date)
  end
{%- endmacro %}
