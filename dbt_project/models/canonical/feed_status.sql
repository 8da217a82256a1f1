{% set systems = enabled_systems() %}
with feeds as (
  {% for domain, system in systems %}
  select
    '{{ domain }}' as source_domain,
    '{{ system }}' as source_system,
    object as source_object,
    complete_through,
    records_received,
    quarantined,
    _extracted_at
  from {{ source('raw_' ~ system, 'feed') }}
  where {{ known_by_then('_extracted_at') }} and coalesce(domain, '{{ domain }}') = '{{ domain }}'
  {{ 'union all' if not loop.last }}
  {% endfor %}
  {% if not systems %}
  select
    cast(null as {{ dbt.type_string() }}) as source_domain,
    cast(null as {{ dbt.type_string() }}) as source_system,
    cast(null as {{ dbt.type_string() }}) as source_object,
    cast(null as {{ dbt.type_timestamp() }}) as complete_through,
    cast(null as {{ dbt.type_bigint() }}) as records_received,
    cast(null as {{ dbt.type_bigint() }}) as quarantined,
    cast(null as {{ dbt.type_timestamp() }}) as _extracted_at
  where 1 = 0
  {% endif %}
)

select
  source_domain,
  source_system,
  source_object,
  cast(max(complete_through) as {{ dbt.type_timestamp() }}) as complete_through,
  cast(max(_extracted_at) as {{ dbt.type_timestamp() }}) as extracted_at,
  cast(sum(records_received) as {{ dbt.type_bigint() }}) as records_received,
  cast(sum(quarantined) as {{ dbt.type_bigint() }}) as records_quarantined
from feeds
group by source_domain, source_system, source_object
