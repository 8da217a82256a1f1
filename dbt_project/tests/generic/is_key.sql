{#
  The column identifies a row: never NULL, never twice. One query where not_null and unique would be two; over all
  models that halves the tests of a run.
#}
{% test is_key(model, column_name) %}
  select
    {{ column_name }},
    count(*) as row_count
  from {{ model }}
  group by {{ column_name }}
  having count(*) > 1 or {{ column_name }} is null
{% endtest %}
