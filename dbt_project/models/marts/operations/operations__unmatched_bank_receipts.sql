select
  receipt.bank_transaction_id,
  {{ as_of_date() }} as as_of_date,
  receipt.booking_date,
  cast({{ dbt.datediff('receipt.booking_date', as_of_date(), 'day') }} as int) as age_days,
  receipt.amount,
  receipt.currency,
  receipt.reason,
  case receipt.reason
    when 'several_invoices'
      then 'Ask the customer how the amount is split over the invoices that it names, and post it to them'
    when 'no_invoice_named'
      then 'Ask the customer which invoice was paid, and post it; if it is no customer payment, leave it'
    when 'other_currency'
      then 'Post the amount to the invoice at the day''s exchange rate: it was paid in another currency'
    when 'more_returned_than_paid'
      then 'Find the payment that was returned: the invoice has none that is left to return'
    else 'Find out whether this was paid twice or recorded at another amount; refund or correct the ledger'
  end as action,
  receipt.invoice_id,
  receipt.match_method,
  receipt.customer_id,
  customer.name as customer_name,
  bank.counterparty_name,
  bank.counterparty_account,
  bank.account,
  bank.statement_ref,
  bank.payment_reference,
  bank.remittance_text,
  bank.invoice_ref,
  bank.source_system,
  bank.source_id
from {{ ref('bank_receipt') }} as receipt
inner join {{ ref('bank_transaction') }} as bank on receipt.bank_transaction_id = bank.bank_transaction_id
left join {{ ref('customer') }} as customer on receipt.customer_id = customer.customer_id
where receipt.disposition = 'unmatched'
