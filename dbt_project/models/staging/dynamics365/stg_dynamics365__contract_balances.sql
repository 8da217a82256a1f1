select
  data_area_id as company,
  balance_id as balance_number,
  nullif(lower(integration_source_data_id), '') as contract_id,
  nullif(book, '') as book,
  currency_code,
  {{ finance_day('period_start_date') }} as period_start_date,
  cast(contract_asset_amount as decimal(18, 4)) as contract_asset_amount,
  cast(unbilled_receivable_amount as decimal(18, 4)) as unbilled_receivable_amount,
  cast(contract_liability_amount as decimal(18, 4)) as contract_liability_amount,
  cast(loss_provision_amount as decimal(18, 4)) as loss_provision_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'contract_balance', ['data_area_id', 'balance_id']) }}) as latest
