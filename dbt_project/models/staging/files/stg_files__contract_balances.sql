select
  balance_id,
  contract_ref,
  period_start as period_start_date,
  book,
  cast(contract_asset as decimal(18, 4)) as contract_asset_amount,
  cast(unbilled_receivable as decimal(18, 4)) as unbilled_receivable_amount,
  cast(contract_liability as decimal(18, 4)) as contract_liability_amount,
  cast(loss_provision as decimal(18, 4)) as loss_provision_amount,
  currency,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'contract_balances', 'balance_id') }}) as latest
