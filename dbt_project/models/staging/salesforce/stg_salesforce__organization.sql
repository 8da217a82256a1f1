select
  id as organization_id,
  name,
  default_currency_iso_code,
  system_modstamp,
  is_tombstoned as is_deleted
from ({{ latest_version('salesforce', 'organization', 'id') }}) as latest
