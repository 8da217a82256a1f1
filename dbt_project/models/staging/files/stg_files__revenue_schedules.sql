select
  schedule_id,
  contract_line_ref,
  period_start as period_start_date,
  book,
  method as method_code,
  cast(planned_amount as decimal(18, 4)) as planned_amount,
  cast(recognised_amount as decimal(18, 4)) as recognised_amount,
  currency,
  posted_date,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'revenue_schedules', 'schedule_id') }}) as latest
