select
  id as workspace_resource_id,
  workspace_id,
  user_id,
  role_id,
  label,
  participation_id,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'workspace_resources', 'id') }}) as latest
