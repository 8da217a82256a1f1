select
  data_area_id as company,
  posting_id as posting_number,
  nullif(lower(integration_source_data_id), '') as contract_line_id,
  nullif(transaction_type, '') as type_code,
  nullif(external_reference_id, '') as external_reference,
  nullif(book, '') as book,
  currency_code,
  {{ finance_day('posted_date') }} as posted_date,
  cast(sales_amount as decimal(18, 4)) as amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'wip_posting', ['data_area_id', 'posting_id']) }}) as latest
