select
  id as period_id,
  periodname as name,
  cast(startdate as date) as start_date,
  cast(enddate as date) as end_date,
  closed = 'T' as is_closed,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'accountingperiod', 'id') }}) as latest
