select
  ledger_payment_id as payment_id,
  invoice_id,
  customer_id,
  amount,
  currency,
  payment_date,
  withholding_tax_amount,
  deduction_amount,
  deduction_reason,
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
  cast(null as decimal(18, 4)) as withholding_tax_amount,
  cast(null as decimal(18, 4)) as deduction_amount,
  cast(null as {{ dbt.type_string() }}) as deduction_reason,
  receipt.match_method,
  receipt.bank_transaction_id,
  bank.source_system,
  bank.source_id,
  bank.source_updated_at,
  bank.is_deleted
from {{ ref('bank_receipt') }} as receipt
inner join {{ ref('bank_transaction') }} as bank on receipt.bank_transaction_id = bank.bank_transaction_id
where receipt.disposition = 'added'
