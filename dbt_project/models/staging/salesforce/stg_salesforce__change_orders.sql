select
  id as change_order_id,
  contract_c as contract_id,
  sow_line_c as sow_line_id,
  name,
  status_c as status,
  requested_date_c as requested_date,
  approved_date_c as approved_date,
  effective_date_c as effective_date,
  amount_c as amount,
  cap_change_c as cap_change,
  expiration_date_c as expiration_date,
  currency_iso_code,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'change_order', 'id') }}) as latest
