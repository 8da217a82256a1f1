{#
  The text at a JSON path of a column that holds JSON text; NULL when the column, the path or the value is missing.
  Names with a hyphen or a space are quoted in the path: '$."segment-3"'.
#}
{% macro json_text(column, path) -%}
  {{ adapter.dispatch('json_text')(column, path) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
  json_extract_string({{ column }}, '{{ path }}')
{%- endmacro %}
