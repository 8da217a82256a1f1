-- Contractual interest on what is overdue, less what was charged. Many firms choose not to charge it: off by default.
with charged as (
  select
    line.contract_line_id,
    line.currency,
    sum(line.net_amount) as amount
  from {{ ref('invoice_line') }} as line
  inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
  where
    line.line_type = 'late_fee'
    and not line.is_deleted
    and invoice.status = 'posted'
    and not invoice.is_deleted
    and invoice.posted_date <= {{ as_of_date() }}
  group by line.contract_line_id, line.currency
),

overdue as (
  select
    invoice.*,
    {{ money(quotient(
      'cast(invoice.open_amount as decimal(20, 4)) * cast(line.late_fee_pct as decimal(9, 4)) * '
      ~ dbt.datediff('invoice.due_date', as_of_date(), 'day'), '36500'
    )) }} as interest_amount
  from {{ ref('ledger__receivables') }} as invoice
  inner join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  where line.late_fee_pct > 0 and invoice.open_amount > 0 and invoice.due_date < {{ as_of_date() }}
),

-- Interest names no invoice: what was charged on a contract line counts for the invoice that was due first.
uncharged as (
  select
    overdue.*,
    greatest(0, least(
      overdue.interest_amount,
      sum(overdue.interest_amount) over (
        partition by overdue.contract_line_id, overdue.currency
        order by overdue.due_date asc nulls last, overdue.invoice_id asc nulls last
        rows between unbounded preceding and current row
      ) - coalesce(charged.amount, 0)
    )) as uncharged_amount
  from overdue
  left join charged on overdue.contract_line_id = charged.contract_line_id and overdue.currency = charged.currency
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
    invoice.uncharged_amount as exposed_amount,
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
  from uncharged as invoice
  inner join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  where invoice.uncharged_amount > 0
)

{{ detector_findings('late_fee_unbilled', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
