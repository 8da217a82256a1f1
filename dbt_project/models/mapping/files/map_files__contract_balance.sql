select
  balance_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  contract_ref as engagement_ref,
  period_start_date,
  book,
  contract_asset_amount,
  unbilled_receivable_amount,
  contract_liability_amount,
  loss_provision_amount,
  currency
from {{ ref('stg_files__contract_balances') }}
