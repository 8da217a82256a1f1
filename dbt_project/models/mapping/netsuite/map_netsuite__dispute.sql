select
  disputes.dispute_id as source_id,
  disputes.updated_at as source_updated_at,
  disputes.is_deleted,
  disputes.transaction_id as invoice_source_id,
  disputes.line_key as invoice_line_source_id,
  disputes.amount,
  currencies.currency_code as currency,
  disputes.reason_code,
  disputes.opened_date,
  disputes.resolved_date
from {{ ref('stg_netsuite__disputes') }} as disputes
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on disputes.currency_id = currencies.currency_id
