select
  id as planned_revenue_id,
  revenueplan as plan_id,
  plannedperiod as period_id,
  isrecognized = 'T' as is_recognised,
  cast(dateexecuted as date) as posted_date,
  cast(amount as decimal(18, 4)) as amount,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'revenueplanplannedrevenue', 'id') }}) as latest
