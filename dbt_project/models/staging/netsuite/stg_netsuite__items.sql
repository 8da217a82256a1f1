select
  id as item_id,
  itemid as item_code,
  displayname as name,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'item', 'id') }}) as latest
