{# Our id of a record: its system and its id there, readable in every evidence chain; NULL when the record has no id. #}
{% macro entity_id(system, source_id) -%}
  {{ system }} || ':' || {{ source_id }}
{%- endmacro %}
