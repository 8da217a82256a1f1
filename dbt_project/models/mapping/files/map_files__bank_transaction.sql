-- Only what is booked is money: pending and informational entries come again when they are.
select
  'camt-' || entry_key as source_id,
  exported_at as source_updated_at,
  is_deleted,
  statement_id as statement_ref,
  account,
  booking_date,
  value_date,
  amount,
  currency,
  counterparty_name,
  counterparty_account,
  end_to_end_id as payment_reference,
  coalesce(remittance_text, creditor_reference) as remittance_text,
  invoice_ref,
  is_reversal
from {{ ref('stg_files__camt_entries') }}
where status_code = 'BOOK'

union all

-- Previous-day reports hold final transactions alone; the payer's name and words stand in one text.
select
  'bai2-' || transaction_key as source_id,
  exported_at as source_updated_at,
  is_deleted,
  statement_id as statement_ref,
  account,
  as_of_date as booking_date,
  value_date,
  amount,
  currency,
  cast(null as {{ dbt.type_string() }}) as counterparty_name,
  cast(null as {{ dbt.type_string() }}) as counterparty_account,
  customer_reference as payment_reference,
  remittance_text,
  cast(null as {{ dbt.type_string() }}) as invoice_ref,
  is_reversal
from {{ ref('stg_files__bai_transactions') }}
