select
  id as book_id,
  name,
  isprimary = 'T' as is_primary,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'accountingbook', 'id') }}) as latest
