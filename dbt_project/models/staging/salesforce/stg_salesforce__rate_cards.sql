select
  id as rate_card_id,
  name,
  scope_c as scope,
  sow_line_c as sow_line_id,
  contract_c as contract_id,
  account_c as account_id,
  currency_iso_code,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'rate_card', 'id') }}) as latest
