{#
  The columns of a row of the exception queue before it is routed; those that are not given are empty. The key makes the
  exception's id, so it must be stable from run to run. Arguments: SQL expressions for kind, key and the day since which it is
  there, and for the given columns by name.
#}
{% macro exception_columns(kind, key, first_seen, given) %}
  {%- set types = {
    'severity': dbt.type_string(), 'owner': dbt.type_string(), 'legal_entity_id': dbt.type_string(),
    'customer_id': dbt.type_string(), 'customer_name': dbt.type_string(), 'period_month': 'date',
    'subject': dbt.type_string(), 'detail': dbt.type_string(), 'only_action': dbt.type_string(),
    'record_count': dbt.type_int(), 'amount': 'decimal(18, 4)', 'currency': dbt.type_string(), 'deadline_date': 'date',
    'record_ids': dbt.type_string()} -%}
    {{ kind }} as kind,
    {{ key }} as exception_key,
    cast({{ first_seen }} as date) as first_seen_date,
    {%- for column, type in types.items() %}
    cast({{ given.get(column, 'null') }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}
