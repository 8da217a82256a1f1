select
  balances.balance_id as source_id,
  balances.updated_at as source_updated_at,
  balances.is_deleted,
  balances.crm_contract_id as engagement_ref,
  periods.start_date as period_start_date,
  case
    when coalesce(books.is_primary, true) then 'primary'
    else books.name
  end as book,
  balances.contract_asset_amount,
  balances.unbilled_receivable_amount,
  balances.contract_liability_amount,
  balances.loss_provision_amount,
  currencies.currency_code as currency
from {{ ref('stg_netsuite__contract_balances') }} as balances
left join {{ ref('stg_netsuite__accounting_periods') }} as periods
  on balances.period_id = periods.period_id
left join {{ ref('stg_netsuite__accounting_books') }} as books
  on balances.book_id = books.book_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on balances.currency_id = currencies.currency_id
