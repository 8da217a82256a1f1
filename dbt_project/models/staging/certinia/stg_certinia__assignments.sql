select
  id as assignment_id,
  name,
  pse_project_c as project_id,
  pse_resource_c as resource_id,
  pse_schedule_c as schedule_id,
  pse_role_c as role,
  pse_status_c as status,
  pse_is_billable_c as is_billable,
  pse_bill_rate_c as bill_rate,
  pse_daily_bill_rate_c as is_daily_bill_rate,
  pse_exclude_from_billing_c as is_excluded_from_billing,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'assignment', 'id') }}) as latest
