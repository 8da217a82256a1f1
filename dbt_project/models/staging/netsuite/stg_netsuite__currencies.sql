select
  id as currency_id,
  symbol as currency_code,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'currency', 'id') }}) as latest
