-- Which posted invoice line, or payment, brought back how much of which finding's money.
with log as (
  {{ finding_events_by_as_of() }}
),

{{ measured_recoveries('log') }}

select
  {{ dbt.hash("share.finding_id || '|' || share.settlement_id") }} as recovery_id,
  share.finding_id,
  settlement.settlement_type,
  settlement.invoice_id,
  -- What a credit memo takes back was to be paid with the invoice that it credits.
  coalesce(invoice.original_invoice_id, settlement.invoice_id) as collected_invoice_id,
  settlement.invoice_line_id,
  settlement.payment_id,
  settlement.settled_date,
  share.amount,
  settlement.currency
from shares as share
inner join {{ ref('leakage__settlements') }} as settlement on share.settlement_id = settlement.settlement_id
left join {{ ref('invoice') }} as invoice
  on settlement.invoice_id = invoice.invoice_id and invoice.invoice_type = 'credit_memo'
where share.amount <> 0
