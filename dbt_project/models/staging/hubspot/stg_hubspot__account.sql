select
  cast(portal_id as {{ dbt.type_string() }}) as portal_id,
  company_currency,
  time_zone,
  account_type,
  is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'account', 'portal_id') }}) as latest
