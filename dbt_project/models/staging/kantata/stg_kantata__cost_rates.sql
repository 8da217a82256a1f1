select
  id as cost_rate_id,
  account_membership_id,
  amount_in_subunits as cost_rate_subunits,
  currency,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'cost_rates', 'id') }}) as latest
