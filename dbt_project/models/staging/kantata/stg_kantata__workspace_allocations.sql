select
  id as workspace_allocation_id,
  workspace_resource_id,
  start_date,
  end_date,
  minutes,
  hard as is_hard,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'workspace_allocations', 'id') }}) as latest
