select
  id as progress_report_id,
  name,
  project_c as project_id,
  crm_contract_line_id_c as crm_contract_line_id,
  reported_on_c as reported_date,
  accepted_on_c as accepted_date,
  completed_percent_c as completed_pct,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'progress_report', 'id') }}) as latest
