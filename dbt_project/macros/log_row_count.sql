{#
  Post-hook of tables: says how many rows were built, for the orchestrator that reads dbt's structured log. Counted
  here because the warehouse file cannot be read from outside while dbt writes it. Silent for people.
#}
{% macro log_row_count() %}
  {%- if execute and flags.LOG_FORMAT == 'json' and model.config.materialized in ('table', 'incremental') -%}
    {%- set counted = run_query('select count(*) from ' ~ this) -%}
    {%- do log('row_count ' ~ counted.columns[0].values()[0], info=true) -%}
  {%- endif -%}
{% endmacro %}
