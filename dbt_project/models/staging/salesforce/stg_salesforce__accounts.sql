select
  id as account_id,
  name,
  parent_id as parent_account_id,
  master_record_id as master_account_id,
  owner_id,
  billing_country,
  billing_country_code,
  payment_terms_days_c as payment_terms_days,
  tax_id_c as tax_id,
  former_names_c as former_names,
  currency_iso_code,
  created_date as created_at,
  system_modstamp,
  coalesce(is_deleted, false) or is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'account', 'id') }}) as latest
