{#
  What the values of one picklist mean, one row per value in lower case. Every org words its picklists itself; the meanings
  were loaded with its data.
#}
{% macro certinia_meanings(picklist) %}
  select lower(trim(value)) as value, min(meaning) as meaning
  from {{ ref('stg_certinia__picklist_meanings') }}
  where picklist = '{{ picklist }}' and not is_deleted
  group by lower(trim(value))
{% endmacro %}

{#
  A timecard's value of the weekday of work_date: the fields are named by weekday, and a week may begin on any of them.
  1 January 1900 was a Monday.
#}
{% macro certinia_weekday(work_date, field) -%}
  case mod({{ dbt.datediff("cast('1900-01-01' as date)", work_date, 'day') }}, 7)
    {% for weekday in ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
    when {{ loop.index0 }} then {{ weekday }}_{{ field }}
    {% endfor -%}
  end
{%- endmacro %}
