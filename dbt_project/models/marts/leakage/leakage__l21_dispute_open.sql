{% set action %}
'Settle the dispute about ' || {{ shown('claim.amount', 'claim.currency') }} || ' of ' || context.contract_line_name
  || ' with ' || context.customer_name || '; it holds back the billing.'
{% endset %}
with found as (
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
    invoice.disputed_amount as amount,
    cast(null as decimal(18, 4)) as exposed_amount,
    'Resolve the dispute' || coalesce(' about ' || replace(invoice.dispute_reason, '_', ' '), '') || ' on invoice '
    || coalesce(invoice.invoice_number, invoice.source_id) || '; ' || {{ shown('invoice.disputed_amount', 'invoice.currency') }}
    || ' is disputed'
    || case
      when invoice.open_net_amount > invoice.disputed_amount
        then ', the other ' || {{ shown('invoice.open_net_amount - invoice.disputed_amount', 'invoice.currency') }}
          || ' is collectable now.'
      else '.'
    end as action,
    invoice.dispute_reason as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.due_date as expected_date,
    invoice.dispute_opened_date as occurred_date,
    {{ dbt.datediff('invoice.dispute_opened_date', as_of_date(), 'day') }} as days_past
  from {{ ref('ledger__receivables') }} as invoice
  left join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  where invoice.disputed_amount > 0
)

{{ claim_findings('dispute_open', action) }}
union all
{{ detector_findings('dispute_open', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
