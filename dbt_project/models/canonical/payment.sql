select
  ledger_payment_id as payment_id,
  invoice_id,
  customer_id,
  amount,
  currency,
  payment_date,
  'ledger' as match_method,
  cast(null as {{ dbt.type_string() }}) as bank_transaction_id,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from {{ ref('ledger_payment') }}

union all

-- What the bank has booked and the ledger does not know yet.
select
  receipt.bank_transaction_id as payment_id,
  receipt.invoice_id,
  receipt.customer_id,
  receipt.amount,
  receipt.currency,
  receipt.booking_date as payment_date,
  receipt.match_method,
  receipt.bank_transaction_id,
  bank.source_system,
  bank.source_id,
  bank.source_updated_at,
  bank.is_deleted
from {{ ref('bank_receipt') }} as receipt
inner join {{ ref('bank_transaction') }} as bank on receipt.bank_transaction_id = bank.bank_transaction_id
where receipt.disposition = 'added'
