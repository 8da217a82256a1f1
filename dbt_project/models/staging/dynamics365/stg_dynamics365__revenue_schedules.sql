select
  data_area_id as company,
  schedule_line_id,
  nullif(lower(integration_source_data_id), '') as contract_line_id,
  recognition_method as method_code,
  nullif(book, '') as book,
  currency_code,
  {{ finance_day('period_start_date') }} as period_start_date,
  {{ finance_day('posted_date') }} as posted_date,
  cast(planned_amount as decimal(18, 4)) as planned_amount,
  cast(recognized_amount as decimal(18, 4)) as recognised_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'revenue_schedule', ['data_area_id', 'schedule_line_id']) }}) as latest
