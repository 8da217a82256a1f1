select
  id as account_membership_id,
  user_id,
  default_role_id,
  manager_id,
  bill_rate_in_cents as bill_rate_subunits,
  cost_rate_in_cents as cost_rate_subunits,
  cast(disabled_at as {{ dbt.type_timestamp() }}) as disabled_at,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'account_memberships', 'id') }}) as latest
