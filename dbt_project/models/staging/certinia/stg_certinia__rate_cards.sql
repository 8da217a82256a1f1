select
  id as rate_card_id,
  name,
  pse_account_c as account_id,
  pse_role_c as role,
  pse_start_date_c as start_date,
  pse_end_date_c as end_date,
  pse_suggested_bill_rate_c as bill_rate,
  resource_c as resource_id,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'rate_card', 'id') }}) as latest
