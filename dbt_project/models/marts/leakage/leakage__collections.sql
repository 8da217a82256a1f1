-- The cash behind each recovery: an invoice's payments belong to its lines in proportion; cumulative rounding adds up.
with payments as (
  select
    payment.payment_id,
    payment.invoice_id,
    payment.payment_date,
    receivable.gross_amount - receivable.credited_amount as owed_amount,
    payment.amount,
    sum(payment.amount) over (
      partition by payment.invoice_id
      order by payment.payment_date asc nulls last, payment.payment_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from {{ ref('payment') }} as payment
  inner join {{ ref('ledger__receivables') }} as receivable
    on payment.invoice_id = receivable.invoice_id and payment.currency = receivable.currency
  where not payment.is_deleted and payment.payment_date <= {{ as_of_date() }}
),

collected as (
  select
    share.recovery_id,
    payments.payment_id,
    payments.payment_date,
    {{ money(quotient(
      'cast(share.amount as decimal(20, 4)) * ' ~ clamped('payments.running_amount', '0', 'payments.owed_amount'),
      'payments.owed_amount'
    )) }}
    - {{ money(quotient(
      'cast(share.amount as decimal(20, 4)) * '
      ~ clamped('payments.running_amount - payments.amount', '0', 'payments.owed_amount'),
      'payments.owed_amount'
    )) }} as collected_amount,
    share.currency
  from {{ ref('leakage__recovery_shares') }} as share
  inner join payments on share.collected_invoice_id = payments.invoice_id
  where share.settlement_type = 'invoice_line' and payments.owed_amount > 0
  union all
  select
    recovery_id,
    payment_id,
    settled_date as payment_date,
    amount as collected_amount,
    currency
  from {{ ref('leakage__recovery_shares') }}
  where settlement_type = 'payment'
)

select
  {{ dbt.hash("recovery_id || '|' || payment_id") }} as collection_id,
  recovery_id,
  payment_id,
  payment_date,
  cast(collected_amount as decimal(18, 4)) as collected_amount,
  currency
from collected
where collected_amount <> 0
