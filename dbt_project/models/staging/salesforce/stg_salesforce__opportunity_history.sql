select
  id as opportunity_history_id,
  opportunity_id,
  stage_name,
  amount,
  currency_iso_code,
  probability,
  close_date,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'opportunity_history', 'id') }}) as latest
