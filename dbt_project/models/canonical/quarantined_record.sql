-- A record that came again and broke its declaration in another way is one record; its latest reason counts.
with received as (
  {% for system in enabled_systems() | map('last') | unique %}
  select
    '{{ system }}' as source_system,
    object as source_object,
    coalesce(record_key, cast(_record_hash as {{ dbt.type_string() }})) as record_key,
    reason,
    _record_hash as record_hash,
    _extracted_at as quarantined_at
  from {{ source('raw_' ~ system, 'quarantine') }}
  where {{ known_by_then('_extracted_at') }}
  union all
  {% endfor %}
  select
    cast(null as {{ dbt.type_string() }}) as source_system,
    cast(null as {{ dbt.type_string() }}) as source_object,
    cast(null as {{ dbt.type_string() }}) as record_key,
    cast(null as {{ dbt.type_string() }}) as reason,
    cast(null as {{ dbt.type_bigint() }}) as record_hash,
    cast(null as {{ dbt.type_timestamp() }}) as quarantined_at
  where 1 = 0
),

ranked as (
  select
    received.*,
    min(quarantined_at) over (partition by source_system, source_object, record_key) as first_quarantined_at,
    row_number() over (
      partition by source_system, source_object, record_key
      order by quarantined_at desc nulls last, record_hash desc nulls last
    ) as recency
  from received
)

select
  {{ dbt.hash("source_system || '|' || source_object || '|' || record_key") }} as quarantined_record_id,
  source_system,
  source_object,
  record_key,
  reason,
  cast(first_quarantined_at as {{ dbt.type_timestamp() }}) as first_quarantined_at,
  cast(quarantined_at as {{ dbt.type_timestamp() }}) as last_quarantined_at
from ranked
where recency = 1
