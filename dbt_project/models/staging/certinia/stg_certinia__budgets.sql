select
  id as budget_id,
  name,
  pse_project_c as project_id,
  pse_type_c as budget_type,
  pse_status_c as status,
  pse_amount_c as amount,
  pse_effective_date_c as effective_date,
  crm_contract_line_id_c as crm_contract_line_id,
  crm_change_order_id_c as crm_change_order_id,
  agreed_amount_c as agreed_amount,
  cap_change_c as cap_change_amount,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'budget', 'id') }}) as latest
