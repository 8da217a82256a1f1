select
  holiday_wid as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  is_deleted,
  work_calendar_id as work_calendar_source_id,
  holiday_date,
  name
from {{ ref('stg_workday__holidays') }}
