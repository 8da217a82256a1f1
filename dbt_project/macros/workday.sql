{# A boolean of the web services, which write 1 and 0; NULL for anything else. #}
{% macro workday_boolean(column) -%}
  case when lower({{ column }}) in ('1', 'true') then true when lower({{ column }}) in ('0', 'false') then false end
{%- endmacro %}
