select
  id as rate_card_role_id,
  rate_card_version_id,
  role_id,
  rate as rate_subunits,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'rate_card_roles', 'id') }}) as latest
