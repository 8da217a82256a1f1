select
  login_id as login,
  employee_id,
  lower(primary_email) as email,
  first_name,
  last_name,
  active as is_active,
  is_tombstoned as is_deleted
from ({{ latest_version('concur', 'users', 'login_id') }}) as latest
