with policy as (
  select cast({{ global_policy('bank_match_window') }} as int) as window_days
),

receipts as (
  select
    receipt.bank_transaction_id,
    receipt.invoice_id,
    receipt.match_method,
    receipt.invoice_count,
    invoice.customer_id,
    coalesce(invoice.gross_amount, invoice.net_amount + coalesce(invoice.tax_amount, 0)) as gross_amount,
    invoice.currency as invoice_currency,
    bank.booking_date,
    bank.amount,
    bank.currency,
    receipt.invoice_id is not null and bank.currency = invoice.currency as is_usable
  from {{ ref('bank_receipt_match') }} as receipt
  inner join {{ ref('bank_transaction') }} as bank on receipt.bank_transaction_id = bank.bank_transaction_id
  left join {{ ref('invoice') }} as invoice on receipt.invoice_id = invoice.invoice_id
),

recorded as (
  select
    ledger_payment_id,
    invoice_id,
    amount,
    currency,
    payment_date
  from {{ ref('ledger_payment') }}
  where not is_deleted
),

events as (
  select
    bank_transaction_id as event_id,
    'bank' as side,
    invoice_id,
    amount,
    currency,
    booking_date as event_date
  from receipts
  where is_usable

  union all

  select
    ledger_payment_id as event_id,
    'ledger' as side,
    invoice_id,
    amount,
    currency,
    payment_date as event_date
  from recorded
),

-- The same money is seen on both sides within some days: events of one invoice and amount that follow each other closely
-- belong together, and in such a group each payment of the ledger stands for one receipt of the bank.
followed as (
  select
    events.*,
    lag(event_date) over (
      partition by invoice_id, currency, amount
      order by event_date asc nulls last, side asc nulls last, event_id asc nulls last
    ) as previous_date
  from events
),

grouped as (
  select
    followed.*,
    sum(
      case when {{ dbt.datediff('followed.previous_date', 'followed.event_date', 'day') }} > policy.window_days then 1 else 0 end
    ) over (
      partition by followed.invoice_id, followed.currency, followed.amount
      order by followed.event_date asc nulls last, followed.side asc nulls last, followed.event_id asc nulls last
      rows between unbounded preceding and current row
    ) as group_number
  from followed
  cross join policy
),

paired as (
  select
    grouped.*,
    sum(case when side = 'ledger' then 1 else 0 end) over (
      partition by invoice_id, currency, amount, group_number
    ) as ledger_count,
    row_number() over (
      partition by invoice_id, currency, amount, group_number, side
      order by event_date asc nulls last, event_id asc nulls last
    ) as position_on_side
  from grouped
),

missing as (
  select
    receipts.*,
    sum(case when receipts.amount > 0 then 1 else 0 end) over (
      partition by receipts.invoice_id, abs(receipts.amount)
    ) as received_count,
    sum(case when receipts.amount < 0 then 1 else 0 end) over (
      partition by receipts.invoice_id, abs(receipts.amount)
    ) as returned_count,
    row_number() over (
      partition by receipts.invoice_id, receipts.amount
      order by receipts.booking_date asc nulls last, receipts.bank_transaction_id asc nulls last
    ) as position_on_side
  from receipts
  inner join paired
    on
      receipts.bank_transaction_id = paired.event_id
      and paired.side = 'bank'
      and paired.position_on_side > paired.ledger_count
),

-- What came and went back is both or neither: it changes nothing, whatever the invoice's amount.
judged as (
  select
    missing.*,
    missing.position_on_side <= least(missing.received_count, missing.returned_count) as is_settled
  from missing
),

added as (
  select
    judged.*,
    coalesce(paid.amount, 0) + sum(case when judged.is_settled then 0 else judged.amount end) over (
      partition by judged.invoice_id
      order by judged.booking_date asc nulls last, judged.bank_transaction_id asc nulls last
      rows between unbounded preceding and current row
    ) as paid_with_this
  from judged
  left join (
    select
      invoice_id,
      currency,
      sum(amount) as amount
    from recorded
    group by invoice_id, currency
  ) as paid
    on judged.invoice_id = paid.invoice_id and judged.currency = paid.currency
)

select
  receipts.bank_transaction_id,
  receipts.invoice_id,
  receipts.customer_id,
  receipts.match_method,
  case
    when not coalesce(receipts.is_usable, false) then 'unmatched'
    when added.bank_transaction_id is null then 'in_ledger'
    when added.is_settled or added.paid_with_this between 0 and added.gross_amount then 'added'
    else 'unmatched'
  end as disposition,
  case
    when receipts.invoice_count > 1 then 'several_invoices'
    when receipts.invoice_id is null then 'no_invoice_named'
    when not receipts.is_usable then 'other_currency'
    when added.bank_transaction_id is null then null
    when added.is_settled or added.paid_with_this between 0 and added.gross_amount then null
    when added.paid_with_this < 0 then 'more_returned_than_paid'
    else 'more_paid_than_invoiced'
  end as reason,
  receipts.booking_date,
  receipts.amount,
  receipts.currency
from receipts
left join added on receipts.bank_transaction_id = added.bank_transaction_id
