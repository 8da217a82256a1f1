select
  data_area_id as company,
  transaction_id,
  nullif(project_id, '') as project_number,
  transaction_type as type_code,
  currency_id as currency_code,
  {{ finance_day('transaction_date') }} as posted_date,
  cast(total_cost_amount as decimal(18, 4)) as cost_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'project_transaction', ['data_area_id', 'transaction_id']) }}) as latest
