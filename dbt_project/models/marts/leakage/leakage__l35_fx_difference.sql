-- What a payment is worth on its day against what its invoice was booked at, in the currency of the company. Never leakage.
with settled as (
  select
    payment.payment_id,
    payment.source_system,
    payment.source_id,
    payment.payment_date,
    payment.amount,
    invoice.currency as invoice_currency,
    entity.currency,
    invoice.engagement_id,
    invoice.contract_line_id,
    invoice.customer_id,
    invoice.legal_entity_id,
    invoice.source_system as invoice_system,
    invoice.source_id as invoice_source_id,
    {{ converted('payment.amount', 'payment.currency', 'entity.currency', 'settled_at') }}
    - {{ converted('payment.amount', 'payment.currency', 'entity.currency', 'booked_at') }} as difference_amount
  from {{ ref('payment') }} as payment
  inner join {{ ref('ledger__receivables') }} as invoice on payment.invoice_id = invoice.invoice_id
  inner join {{ ref('legal_entity') }} as entity on invoice.legal_entity_id = entity.legal_entity_id
  inner join {{ ref('ledger__fx_daily') }} as settled_at
    on
      payment.currency = settled_at.from_currency
      and entity.currency = settled_at.to_currency
      and payment.payment_date = settled_at.calendar_date
  inner join {{ ref('ledger__fx_daily') }} as booked_at
    on
      payment.currency = booked_at.from_currency
      and entity.currency = booked_at.to_currency
      and invoice.posted_date = booked_at.calendar_date
  where not payment.is_deleted and payment.payment_date <= {{ as_of_date() }} and payment.currency <> entity.currency
),

found as (
  select
    settled.payment_id as subject_key,
    'not_leakage' as verdict,
    'payment' as subject_type,
    settled.source_system as subject_system,
    settled.source_id as subject_source_id,
    settled.payment_id as subject_id,
    settled.engagement_id,
    settled.contract_line_id,
    settled.customer_id,
    settled.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    settled.currency,
    abs(settled.difference_amount) as exposed_amount,
    'Nothing to do: the rate moved by ' || {{ shown('settled.difference_amount', 'settled.currency') }}
    || ' between posting and payment.' as action,
    case when settled.difference_amount > 0 then 'gain' else 'loss' end as reason,
    {{ evidence([['invoice', 'settled.invoice_system', 'settled.invoice_source_id']]) }} as evidence,
    settled.payment_date as expected_date,
    settled.payment_date as occurred_date,
    cast(0 as int) as days_past
  from settled
  where settled.difference_amount <> 0
)

{{ detector_findings('fx_difference', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
