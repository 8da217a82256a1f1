select
  id as user_id,
  full_name,
  email_address as email,
  disabled as is_disabled,
  account_membership_id,
  role_id,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'users', 'id') }}) as latest
