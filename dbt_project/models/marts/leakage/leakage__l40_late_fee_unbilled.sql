-- Contractual interest on what is overdue, less what was charged. Many firms choose not to charge it: off by default.
with charged as (
  select
    contract_line_id,
    currency,
    sum(net_amount) as amount
  from {{ ref('invoice_line') }}
  where line_type = 'late_fee' and not is_deleted
  group by contract_line_id, currency
),

found as (
  select
    invoice.invoice_id as subject_key,
    'control_gap' as verdict,
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
    cast(0 as decimal(18, 4)) as amount,
    greatest(
      0,
      {{ money(quotient(
        'cast(invoice.open_amount as decimal(20, 4)) * cast(line.late_fee_pct as decimal(9, 4)) * '
        ~ dbt.datediff('invoice.due_date', as_of_date(), 'day'), '36500'
      )) }} - coalesce(charged.amount, 0)
    ) as exposed_amount,
    'Charge the agreed interest on invoice ' || coalesce(invoice.invoice_number, invoice.source_id) || ', overdue since '
    || {{ said('invoice.due_date') }} || ', or waive it.' as action,
    cast(null as {{ dbt.type_string() }}) as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.due_date as expected_date,
    invoice.due_date as occurred_date,
    {{ dbt.datediff('invoice.due_date', as_of_date(), 'day') }} as days_past
  from {{ ref('ledger__receivables') }} as invoice
  inner join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  left join charged on invoice.contract_line_id = charged.contract_line_id and invoice.currency = charged.currency
  where line.late_fee_pct > 0 and invoice.open_amount > 0 and invoice.due_date < {{ as_of_date() }}
)

{{ detector_findings('late_fee_unbilled', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id', 'engagement_id', 'contract_line_id',
  'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount', 'action', 'reason', 'evidence', 'expected_date',
  'occurred_date', 'days_past']) }}
