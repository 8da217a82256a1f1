select
  id as balance_id,
  crm_contract as crm_contract_id,
  period as period_id,
  book as book_id,
  currency as currency_id,
  cast(contract_asset as decimal(18, 4)) as contract_asset_amount,
  cast(unbilled_receivable as decimal(18, 4)) as unbilled_receivable_amount,
  cast(contract_liability as decimal(18, 4)) as contract_liability_amount,
  cast(loss_provision as decimal(18, 4)) as loss_provision_amount,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'contractbalance', 'id') }}) as latest
