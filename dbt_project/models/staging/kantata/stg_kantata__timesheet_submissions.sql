select
  id as timesheet_submission_id,
  user_id,
  workspace_id,
  start_date,
  end_date,
  status,
  title,
  line_item_total_in_cents as total_subunits,
  currency,
  currency_base_unit as subunits_per_unit,
  current_resolution_description as resolution_note,
  replace(current_resolution_creator_id, '"', '') as resolved_by_user_id,
  cast(current_resolution_created_at_date as {{ dbt.type_timestamp() }}) as resolved_at,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'timesheet_submissions', 'id') }}) as latest
