select
  id as retainer_id,
  name,
  crm_contract_line_id_c as crm_contract_line_id,
  valid_from_c as valid_from_date,
  valid_until_c as valid_until_date,
  prepaid_hours_c as prepaid_hours,
  amount_c as amount,
  refundable_c as is_refundable,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'retainer', 'id') }}) as latest
