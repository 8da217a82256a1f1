{#
  One row per key of a raw object: the latest version known at known_at. Deleted records stay, with is_deleted true
  and the values of their last living version. Every staging model stands on it.
  Arguments: the raw source and object, the raw key columns.
#}
{% macro latest_version(system, object, keys) %}
  {% set relation = source('raw_' ~ system, object) %}
  {% set keys = [keys] if keys is string else keys %}
  select living.*, coalesce(newest.is_deleted, false) as is_deleted
  from (
    select
      versions.*,
      row_number() over (
        partition by {{ keys | join(', ') }}
        order by _extracted_at desc nulls last, _dlt_load_id desc nulls last, _record_hash desc nulls last
      ) as version_rank
    from {{ relation }} as versions
    where not _is_deleted and {{ known_by_then('_extracted_at') }}
  ) as living
  inner join (
    select {{ keys | join(', ') }}, _is_deleted as is_deleted
    from (
      select
        {{ keys | join(', ') }},
        _is_deleted,
        row_number() over (
          partition by {{ keys | join(', ') }}
          order by _extracted_at desc nulls last, _dlt_load_id desc nulls last, _record_hash desc nulls last
        ) as version_rank
      from {{ relation }}
      where {{ known_by_then('_extracted_at') }}
    ) as every_version
    where version_rank = 1
  ) as newest
    on {% for key in keys %}living.{{ key }} = newest.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  where living.version_rank = 1
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
