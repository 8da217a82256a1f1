-- Invoices that were paid in part: what is missing without a certificate, an agreement, a dispute or a write-off.
with short_paid as (
  select
    invoice.*,
    invoice.open_amount - coalesce({{ money(quotient(
      'cast(invoice.disputed_amount as decimal(20, 4)) * invoice.gross_amount', 'nullif(invoice.net_amount, 0)'
    )) }}, 0) as missing_amount,
    cast({{ dbt.dateadd(
      'day', 'cast(coalesce(policies.shortpay_grace, ' ~ global_policy('shortpay_grace') ~ ') as int)', 'invoice.due_date'
    ) }} as date) as pursued_date,
    coalesce(policies.shortpay_tolerance, {{ global_policy('shortpay_tolerance') }}) as shortpay_tolerance
  from {{ ref('ledger__receivables') }} as invoice
  left join {{ ref('ledger__contract_line_policies') }} as policies on invoice.contract_line_id = policies.contract_line_id
  where invoice.paid_amount > 0
),

found as (
  select
    invoice.invoice_id as subject_key,
    'at_risk' as verdict,
    'invoice' as subject_type,
    invoice.source_system as subject_system,
    invoice.source_id as subject_source_id,
    invoice.invoice_id as subject_id,
    invoice.engagement_id,
    invoice.contract_line_id,
    invoice.customer_id,
    invoice.project_id,
    invoice.legal_entity_id,
    invoice.currency,
    invoice.missing_amount as amount,
    cast(null as decimal(18, 4)) as exposed_amount,
    'Ask ' || coalesce(customer.name, 'the customer') || ' why ' || {{ shown('invoice.missing_amount', 'invoice.currency') }}
    || ' of invoice ' || coalesce(invoice.invoice_number, invoice.source_id) || ' was not paid.' as action,
    'short_paid' as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.due_date as expected_date,
    invoice.last_payment_date as occurred_date,
    {{ dbt.datediff('invoice.due_date', as_of_date(), 'day') }} as days_past
  from short_paid as invoice
  left join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  left join {{ ref('customer') }} as customer on invoice.customer_id = customer.customer_id
  where invoice.missing_amount > invoice.shortpay_tolerance and invoice.pursued_date < {{ as_of_date() }}
)

{{ detector_findings('shortpay_unexplained', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount',
  'currency', 'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
