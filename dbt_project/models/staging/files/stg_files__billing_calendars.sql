select
  calendar_code,
  name,
  frequency as frequency_code,
  cast(cutoff_day as {{ dbt.type_int() }}) as cutoff_day,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'billing_calendars', 'calendar_code') }}) as latest
