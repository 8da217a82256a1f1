-- Drafts whose items still wait for an invoice show no money of their own: it is in the register already.
with stuck as (
  select
    invoice.invoice_id,
    invoice.source_system,
    invoice.source_id,
    invoice.invoice_number,
    invoice.customer_id,
    invoice.legal_entity_id,
    invoice.currency,
    invoice.net_amount,
    invoice.issue_date as stuck_date,
    'draft' as reason,
    cast(0 as decimal(18, 4)) as own_amount
  from {{ ref('invoice') }} as invoice
  where
    invoice.status = 'draft'
    and invoice.invoice_type = 'invoice'
    and not invoice.is_deleted
    and invoice.intercompany_legal_entity_id is null

  union all

  select
    invoice.invoice_id,
    invoice.source_system,
    invoice.source_id,
    invoice.invoice_number,
    invoice.customer_id,
    invoice.legal_entity_id,
    invoice.currency,
    invoice.net_amount,
    coalesce(invoice.rejected_date, invoice.posted_date) as stuck_date,
    case when invoice.rejected_date is not null then coalesce(invoice.rejection_reason, 'rejected') else 'not_sent' end as reason,
    -- What is disputed is in the register as that.
    greatest(0, receivable.open_net_amount - receivable.disputed_amount) as own_amount
  from {{ ref('invoice') }} as invoice
  inner join {{ ref('ledger__receivables') }} as receivable on invoice.invoice_id = receivable.invoice_id
  where
    receivable.open_amount > 0
    -- What was paid in part has reached the customer.
    and receivable.paid_amount = 0
    and (
      -- Sent once more after it was refused, it is on its way again.
      (invoice.rejected_date <= {{ as_of_date() }} and coalesce(invoice.sent_date <= invoice.rejected_date, true))
      or (
        invoice.rejected_date is null
        and invoice.is_awaiting_sending
        -- A mark that nobody took off is no evidence against a day of sending.
        and coalesce(invoice.sent_date > {{ as_of_date() }}, true)
      )
    )
),

lines as (
  select
    invoice_id,
    min(contract_line_id) as contract_line_id,
    min(engagement_id) as engagement_id,
    min(project_id) as project_id
  from {{ ref('invoice_line') }}
  where not is_deleted
  group by invoice_id
),

aged as (
  select
    stuck.*,
    lines.contract_line_id,
    lines.engagement_id,
    lines.project_id,
    {{ dbt.datediff('stuck.stuck_date', as_of_date(), 'day') }} as stuck_days,
    today.business_day_number - stuck_day.business_day_number as stuck_business_days,
    coalesce(policies.invoice_stuck_sla, {{ global_policy('invoice_stuck_sla') }}) as stuck_sla,
    coalesce(policies.invoice_stuck_loss, {{ global_policy('invoice_stuck_loss') }}) as stuck_loss,
    coalesce(policies.carry_rate, {{ global_policy('carry_rate') }}) as carry_rate
  from stuck
  left join lines on stuck.invoice_id = lines.invoice_id
  left join {{ ref('ledger__contract_line_policies') }} as policies on lines.contract_line_id = policies.contract_line_id
  left join {{ ref('ledger__calendar_days') }} as stuck_day on stuck.stuck_date = stuck_day.calendar_date
  left join {{ ref('ledger__calendar_days') }} as today on today.calendar_date = {{ as_of_date() }}
),

found as (
  select
    invoice.invoice_id as subject_key,
    case
      when invoice.own_amount > 0 and invoice.stuck_days > invoice.stuck_loss then 'at_risk'
      else 'timing_delay'
    end as verdict,
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
    case when invoice.stuck_days > invoice.stuck_loss then invoice.own_amount else 0 end as amount,
    invoice.net_amount as exposed_amount,
    {{ money(quotient(
      'cast(invoice.net_amount as decimal(20, 4)) * cast(invoice.carry_rate as decimal(9, 6)) * '
      ~ 'greatest(invoice.stuck_days, 0)', '36500'
    )) }} as carry_cost_amount,
    case
      when invoice.reason = 'draft' then 'Post the draft of invoice '
      when invoice.reason = 'not_sent' then 'Send invoice '
      else 'Correct what the customer refused (' || replace(invoice.reason, '_', ' ') || ') and send again invoice '
    end
    || coalesce(invoice.invoice_number, invoice.source_id) || ' of ' || {{ shown('invoice.net_amount', 'invoice.currency') }}
    || ': it has waited for ' || {{ said('invoice.stuck_days') }} || ' days.' as action,
    invoice.reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.stuck_date as expected_date,
    invoice.stuck_date as occurred_date,
    invoice.stuck_days as days_past
  from aged as invoice
  left join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  where invoice.stuck_business_days > invoice.stuck_sla
)

{{ detector_findings('invoice_stuck', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past',
  'carry_cost_amount']) }}
