select
  id as company_alias_id,
  company_id,
  is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'company_alias', 'id') }}) as latest
