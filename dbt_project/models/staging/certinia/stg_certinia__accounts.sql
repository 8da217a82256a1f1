select
  id as account_id,
  name,
  master_record_id as master_account_id,
  crm_account_id_c as crm_account_id,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'account', 'id') }}) as latest
