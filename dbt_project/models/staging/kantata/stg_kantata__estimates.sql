select
  id as estimate_id,
  name,
  currency,
  is_locked,
  workspace_id,
  workspace_group_id,
  favorite_scenario_id,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'estimates', 'id') }}) as latest
