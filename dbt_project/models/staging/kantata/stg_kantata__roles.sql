select
  id as role_id,
  name,
  cast(deleted_at as {{ dbt.type_timestamp() }}) as deleted_at,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned or deleted_at is not null as is_deleted
from ({{ latest_version('kantata', 'roles', 'id') }}) as latest
