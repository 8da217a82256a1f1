{# The schema of a model is its layer, the first folder below models/: the same on every target. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or (node.fqn[1] if node.resource_type == 'model' else target.schema)) | trim }}
{%- endmacro %}
