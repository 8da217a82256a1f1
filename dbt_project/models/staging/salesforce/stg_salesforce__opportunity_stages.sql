select
  id as opportunity_stage_id,
  api_name as stage_name,
  master_label as label,
  is_active,
  is_closed,
  is_won,
  default_probability,
  forecast_category_name as forecast_category,
  sort_order,
  system_modstamp,
  is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'opportunity_stage', 'id') }}) as latest
