select
  id as rate_card_set_id,
  name,
  crm_scope_c as scope,
  crm_scope_id_c as crm_scope_id,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'rate_card_set', 'id') }}) as latest
