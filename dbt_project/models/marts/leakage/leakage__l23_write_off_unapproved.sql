with found as (
  select
    invoice.invoice_id as subject_key,
    case when invoice.unapproved_write_off_amount > 0 then 'confirmed_loss' else 'indeterminate' end as verdict,
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
    case
      when invoice.unapproved_write_off_amount > 0 then invoice.unapproved_write_off_amount
      else invoice.unjudged_write_off_amount
    end as amount,
    cast(null as decimal(18, 4)) as exposed_amount,
    case
      when invoice.unapproved_write_off_amount > 0
        then 'Rebill ' || {{ shown('invoice.unapproved_write_off_amount', 'invoice.currency') }} || ' written off on invoice '
          || coalesce(invoice.invoice_number, invoice.source_id)
          || ', or have somebody with the authority approve it with a reason.'
      else 'Load a rate from ' || invoice.currency || ' on ' || {{ said('invoice.last_written_off_date') }} || ': '
        || {{ shown('invoice.unjudged_write_off_amount', 'invoice.currency') }} || ' written off on invoice '
        || coalesce(invoice.invoice_number, invoice.source_id) || ' cannot be held against a limit in another currency.'
    end as action,
    case when invoice.unapproved_write_off_amount = 0 then 'missing_fx_rate' end as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.due_date as expected_date,
    invoice.last_written_off_date as occurred_date,
    {{ dbt.datediff('invoice.last_written_off_date', as_of_date(), 'day') }} as days_past
  from {{ ref('ledger__receivables') }} as invoice
  left join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  where invoice.unapproved_write_off_amount > 0 or invoice.unjudged_write_off_amount > 0
)

{{ detector_findings('write_off_unapproved', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount',
  'currency', 'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
