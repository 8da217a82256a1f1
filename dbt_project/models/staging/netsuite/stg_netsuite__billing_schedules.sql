select
  id as schedule_id,
  name,
  frequency as frequency_code,
  {{ dbt.safe_cast('cutoff_day', dbt.type_int()) }} as cutoff_day,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'billingschedule', 'id') }}) as latest
