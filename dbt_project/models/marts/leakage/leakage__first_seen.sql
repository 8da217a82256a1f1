{{ config(
  materialized='incremental', incremental_strategy='append', on_schema_change='append_new_columns', full_refresh=false
) }}
with found as (
  {% for detector in detector_models() %}
  select finding_id, detector_id
  from {{ ref('leakage__' ~ detector) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
)

select
  found.finding_id,
  found.detector_id,
  cast({{ dbt.current_timestamp() }} as {{ dbt.type_timestamp() }}) as first_seen_at
from found
{% if is_incremental() %}
left join {{ this }} as seen on found.finding_id = seen.finding_id
where seen.finding_id is null
{% endif %}
