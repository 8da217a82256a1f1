select
  id as rate_card_line_id,
  rate_card_c as rate_card_id,
  name,
  role_c as role,
  resource_email_c as resource_email,
  hourly_rate_c as hourly_rate,
  currency_iso_code,
  valid_from_c as valid_from_date,
  valid_to_c as valid_to_date,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'rate_card_line', 'id') }}) as latest
