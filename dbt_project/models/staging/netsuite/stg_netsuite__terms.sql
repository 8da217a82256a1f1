select
  id as term_id,
  name,
  {{ dbt.safe_cast('daysuntilnetdue', dbt.type_int()) }} as days_until_due,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'term', 'id') }}) as latest
