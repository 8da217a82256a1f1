select
  id as contract_id,
  account_id,
  owner_id,
  contract_number,
  name,
  status,
  status_code,
  start_date,
  end_date,
  customer_signed_date,
  opportunity_c as opportunity_id,
  erp_legal_entity_id_c as erp_legal_entity_id,
  po_expiration_date_c as po_expiration_date,
  currency_iso_code,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'contract', 'id') }}) as latest
