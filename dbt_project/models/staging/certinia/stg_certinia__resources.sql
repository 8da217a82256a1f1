select
  id as resource_id,
  name,
  email,
  pse_is_resource_c as is_resource,
  pse_is_resource_active_c as is_active,
  pse_external_resource_c as is_external,
  pse_resource_role_c as role,
  pse_default_cost_rate_c as default_cost_rate,
  pse_daily_default_cost_rate_c as is_daily_cost_rate,
  pse_salesforce_user_c as user_id,
  pse_start_date_c as start_date,
  pse_last_date_c as last_date,
  erp_legal_entity_id_c as erp_legal_entity_id,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'contact', 'id') }}) as latest
