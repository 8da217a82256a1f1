select
  id as story_id,
  workspace_id,
  parent_id,
  title,
  story_type,
  state,
  start_date,
  due_date,
  billable as is_billable,
  fixed_fee as is_fixed_fee,
  percentage_complete,
  archived as is_archived,
  cast(deleted_at as {{ dbt.type_timestamp() }}) as deleted_at,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned or deleted_at is not null as is_deleted
from ({{ latest_version('kantata', 'stories', 'id') }}) as latest
