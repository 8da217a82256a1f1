{% set systems = enabled_systems() %}
with declared as (
  {% for domain, system in systems %}
  {% for object in raw_objects(system, domain) %}
  select
    '{{ domain }}' as source_domain,
    '{{ system }}' as source_system,
    '{{ object }}' as source_object
  union all
  {% endfor %}
  {% endfor %}
  select
    cast(null as {{ dbt.type_string() }}) as source_domain,
    cast(null as {{ dbt.type_string() }}) as source_system,
    cast(null as {{ dbt.type_string() }}) as source_object
  where 1 = 0
),

extractions as (
  {% for system in systems | map('last') | unique %}
  select
    '{{ system }}' as source_system,
    object as source_object,
    complete_through,
    records_received,
    quarantined,
    _extracted_at,
    _dlt_load_id
  from {{ source('raw_' ~ system, 'feed') }}
  where {{ known_by_then('_extracted_at') }}
  union all
  {% endfor %}
  select
    cast(null as {{ dbt.type_string() }}) as source_system,
    cast(null as {{ dbt.type_string() }}) as source_object,
    cast(null as {{ dbt.type_timestamp() }}) as complete_through,
    cast(null as {{ dbt.type_bigint() }}) as records_received,
    cast(null as {{ dbt.type_bigint() }}) as quarantined,
    cast(null as {{ dbt.type_timestamp() }}) as _extracted_at,
    cast(null as {{ dbt.type_string() }}) as _dlt_load_id
  where 1 = 0
)

-- An object that was never read has a row too: nobody may take its absence for completeness.
select
  declared.source_domain,
  declared.source_system,
  declared.source_object,
  cast(max(extractions.complete_through) as {{ dbt.type_timestamp() }}) as complete_through,
  cast(max(extractions._extracted_at) as {{ dbt.type_timestamp() }}) as extracted_at,
  cast(sum(extractions.records_received) as {{ dbt.type_bigint() }}) as records_received,
  cast(sum(extractions.quarantined) as {{ dbt.type_bigint() }}) as records_quarantined,
  max(extractions._dlt_load_id) as last_load_id
from declared
left join extractions
  on declared.source_system = extractions.source_system and declared.source_object = extractions.source_object
group by declared.source_domain, declared.source_system, declared.source_object
