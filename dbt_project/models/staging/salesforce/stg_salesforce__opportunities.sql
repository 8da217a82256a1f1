select
  id as opportunity_id,
  account_id,
  owner_id,
  name,
  stage_name,
  is_closed,
  is_won,
  amount,
  currency_iso_code,
  probability,
  close_date,
  forecast_category_name as forecast_category,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'opportunity', 'id') }}) as latest
