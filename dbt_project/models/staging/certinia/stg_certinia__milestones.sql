select
  id as milestone_id,
  name,
  pse_project_c as project_id,
  pse_milestone_amount_c as amount,
  pse_target_date_c as target_date,
  pse_actual_date_c as actual_date,
  pse_status_c as status,
  pse_approved_c as is_approved,
  pse_billed_c as is_billed,
  pse_billing_hold_c as is_on_billing_hold,
  crm_contract_line_id_c as crm_contract_line_id,
  bill_to_account_c as bill_to_account_id,
  deemed_accepted_on_c as deemed_accepted_on,
  currency_iso_code,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'milestone', 'id') }}) as latest
