select
  id as practice_id,
  name,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'practice', 'id') }}) as latest
