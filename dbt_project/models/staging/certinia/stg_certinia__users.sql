select
  id as user_id,
  name,
  email,
  is_active,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned as is_deleted
from ({{ latest_version('certinia', 'user', 'id') }}) as latest
