{#
  One row per key of a raw object: the latest version known at known_at. A record that is gone keeps the values of its
  last living version and has is_tombstoned true. Every staging model stands on it.
  Arguments: the system, its raw object, the raw key column(s).
#}
{% macro latest_version(system, object, keys) %}
  {% set keys = [keys] if keys is string else keys %}
  {% set newest_first = "_extracted_at desc nulls last, _dlt_load_id desc nulls last, _record_hash desc nulls last" %}
  select *
  from (
    select
      versions.*,
      first_value(_is_deleted) over (partition by {{ keys | join(', ') }} order by {{ newest_first }}) as is_tombstoned,
      row_number() over (partition by {{ keys | join(', ') }}, _is_deleted order by {{ newest_first }}) as version_rank
    from {{ source('raw_' ~ system, object) }} as versions
    where {{ known_by_then('_extracted_at') }}
  ) as ranked
  where version_rank = 1 and not _is_deleted
{% endmacro %}

{# The knowledge clock: what had been loaded at LEAKAGE_KNOWN_AT; everything, when it is not set. #}
{% macro known_by_then(column) %}
  {%- set known_at = env_var('LEAKAGE_KNOWN_AT', '') -%}
  {%- if known_at -%}{{ column }} <= cast('{{ known_at }}' as timestamp){%- else -%}1 = 1{%- endif -%}
{% endmacro %}

{# The business clock: the date that every verdict is given as of. #}
{% macro as_of_date() %}
  {%- set as_of = env_var('LEAKAGE_AS_OF', '') -%}
  {%- if as_of -%}cast('{{ as_of }}' as date){%- else -%}cast({{ dbt.current_timestamp() }} as date){%- endif -%}
{% endmacro %}

{# The moment of the run, UTC: now, or the one whose knowledge it is told to use. #}
{% macro run_moment() %}
  {%- set known_at = env_var('LEAKAGE_KNOWN_AT', '') -%}
  cast({{ "'" ~ known_at ~ "'" if known_at else dbt.current_timestamp() }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# The end of the business date, UTC; the moment of the run, as long as that lies ahead. #}
{% macro as_of_moment() %}
  least({{ run_moment() }}, cast({{ dbt.dateadd('day', 1, as_of_date()) }} as {{ dbt.type_timestamp() }}))
{%- endmacro %}

{# A date that has come by the business date; NULL while it lies ahead, because nobody could know it then. #}
{% macro come_by_as_of(date) -%}
  case when {{ date }} <= {{ as_of_date() }} then {{ date }} end
{%- endmacro %}
