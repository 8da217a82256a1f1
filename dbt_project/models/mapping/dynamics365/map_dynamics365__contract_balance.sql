select
  balances.company || '-' || balances.balance_number as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  balances.is_deleted,
  contracts.external_id as engagement_ref,
  balances.period_start_date,
  coalesce(balances.book, 'primary') as book,
  balances.contract_asset_amount,
  balances.unbilled_receivable_amount,
  balances.contract_liability_amount,
  balances.loss_provision_amount,
  balances.currency_code as currency
from {{ ref('stg_dynamics365__contract_balances') }} as balances
left join {{ ref('stg_dynamics365__contracts') }} as contracts
  on balances.contract_id = contracts.contract_id
