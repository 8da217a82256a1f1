select
  id as rate_card_version_id,
  rate_card_id,
  rate_card_set_version_id,
  default_rate as default_rate_subunits,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'rate_card_versions', 'id') }}) as latest
