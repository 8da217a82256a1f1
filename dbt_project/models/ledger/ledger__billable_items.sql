with time_items as (
  select
    'time_entry' as item_type,
    entry.time_entry_id as item_id,
    entry.source_system,
    entry.source_id,
    work.engagement_id,
    work.contract_line_id,
    coalesce(line.customer_id, work.customer_id) as customer_id,
    entry.project_id,
    entry.resource_id,
    coalesce(line.currency, entry.applied_currency) as currency,
    entry.work_date as service_date,
    {{ come_by_as_of(local_date('entry.submitted_at', 'line.time_zone')) }} as submitted_date,
    {{ come_by_as_of(local_date('entry.approved_at', 'line.time_zone')) }} as approved_date,
    coalesce(valued.quantity, entry.billable_hours) as quantity,
    case when line.contract_line_id is not null then valued.hourly_rate end as unit_rate,
    -- Without a contract line nothing says what was agreed; the rate in the PSA tells at least what is not judged.
    case
      when line.contract_line_id is not null then valued.value_amount
      when project.project_type = 'billable'
        then {{ money('cast(entry.billable_hours as decimal(9, 4)) * cast(entry.applied_rate as decimal(19, 6))') }}
    end as value_at_rate,
    rate.rate_card_line_id,
    coalesce(rate.is_ambiguous, false) as is_rate_ambiguous,
    case
      when
        entry.status in ('submitted', 'approved')
        and {{ local_date('entry.submitted_at', 'line.time_zone') }} > {{ as_of_date() }}
        then 'draft'
      when entry.status = 'approved' and {{ local_date('entry.approved_at', 'line.time_zone') }} > {{ as_of_date() }}
        then 'submitted'
      else entry.status
    end as status,
    coalesce(entry.is_marked_billed, false) as is_marked_billed,
    case when entry.hold_from_date <= {{ as_of_date() }} then entry.hold_reason end as hold_reason,
    case when entry.hold_from_date <= {{ as_of_date() }} then entry.hold_from_date end as hold_from_date,
    entry.hold_until_date,
    entry.approver,
    case
      when entry.status = 'rejected' then 'rejected'
      when {{ change_order_status('change_order') }} in ('rejected', 'expired')
        then 'change_order_' || {{ change_order_status('change_order') }}
      when project.project_type in ('internal', 'presales') and not work.is_parked then 'non_billable'
      when not coalesce(entry.is_billable, true) and not work.is_parked then 'non_billable'
      when coalesce(valued.quantity, entry.billable_hours) = 0 then 'non_billable'
      when line.billing_method = 'non_billable' then 'non_billable'
      when line.is_no_charge then 'no_charge'
      -- A fixed fee covers what was agreed; what is done for a change order that nobody signed lies outside of it.
      when
        line.billing_method in ('fixed_milestone', 'fixed_progress', 'subscription')
        and coalesce({{ change_order_status('change_order') }}, 'approved') not in ('draft', 'pending')
        then 'included_in_fee'
      when line.billing_method = 'retainer' and coalesce(valued.overage_hours, 0) <= 0 then 'drawdown'
      when line.billing_method = 'cost_plus' then 'billed_at_cost'
    end as not_entitled_reason,
    case
      when project.project_id is null then 'no_project'
      when line.contract_line_id is null or line.is_deleted then 'no_contract_line'
      when coalesce(entry.status, 'unknown') not in ('draft', 'submitted', 'approved', 'rejected') then 'unknown_status'
      when
        coalesce(line.billing_method, 'unknown')
        not in ('tm', 'tm_cap', 'retainer', 'fixed_milestone', 'fixed_progress', 'subscription')
        then 'unknown_billing_method'
    end as not_judged_reason
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('ledger__work') }} as work on entry.time_entry_id = work.time_entry_id
  left join {{ ref('project') }} as project on entry.project_id = project.project_id
  left join {{ ref('contract_line') }} as line on work.contract_line_id = line.contract_line_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  left join {{ ref('ledger__time_rates') }} as rate on entry.time_entry_id = rate.time_entry_id
  left join {{ ref('ledger__time_values') }} as valued on entry.time_entry_id = valued.time_entry_id
  where not entry.is_deleted and entry.work_date <= {{ as_of_date() }}
),

-- Receipts that were handed in again after a rejection.
resubmitted as (
  select distinct receipt_ref
  from {{ ref('expense_item') }}
  where
    not is_deleted
    and status in ('submitted', 'approved')
    and receipt_ref is not null
    and coalesce(cast(submitted_at as date) <= {{ as_of_date() }}, true)
),

expense_items as (
  select
    'expense_item' as item_type,
    expense.expense_item_id as item_id,
    expense.source_system,
    expense.source_id,
    expense.engagement_id,
    expense.contract_line_id,
    coalesce(line.customer_id, expense.customer_id) as customer_id,
    expense.project_id,
    expense.resource_id,
    coalesce(line.currency, expense.currency) as currency,
    expense.expense_date as service_date,
    {{ come_by_as_of(local_date('expense.submitted_at', 'line.time_zone')) }} as submitted_date,
    {{ come_by_as_of(local_date('expense.approved_at', 'line.time_zone')) }} as approved_date,
    {{ converted(
      'expense.amount - coalesce(expense.recoverable_tax_amount, 0)',
      'expense.currency', 'coalesce(line.currency, expense.currency)', 'fx'
    ) }} as basis_amount,
    expense.amount - coalesce(expense.recoverable_tax_amount, 0) as transaction_amount,
    expense.currency as transaction_currency,
    fx.rate_type as fx_rate_type,
    fx.rate_date as fx_rate_date,
    fx.rate as fx_rate,
    fx.is_inverse as is_fx_inverse,
    case when line.expense_policy = 'markup' then coalesce(line.expense_markup_pct, 0) else 0 end as markup_pct,
    case
      when
        expense.status in ('submitted', 'approved')
        and {{ local_date('expense.submitted_at', 'line.time_zone') }} > {{ as_of_date() }}
        then 'draft'
      when expense.status = 'approved' and {{ local_date('expense.approved_at', 'line.time_zone') }} > {{ as_of_date() }}
        then 'submitted'
      else expense.status
    end as status,
    case
      when expense.status = 'rejected' and resubmitted.receipt_ref is not null then 'resubmitted'
      when expense.status = 'rejected' and coalesce(rejection.is_policy_violation, false) then 'rejected'
      when project.project_type in ('internal', 'presales') then 'non_billable'
      when not coalesce(expense.is_billable, false) then 'non_billable'
      when line.billing_method = 'non_billable' or line.expense_policy = 'non_billable' then 'non_billable'
      when line.is_no_charge then 'no_charge'
      when line.expense_policy = 'inclusive' then 'inclusive'
      when
        line.expense_categories is not null
        and {{ dbt.position("';' || lower(expense.category) || ';'", "';' || lower(line.expense_categories) || ';'") }} = 0
        then 'category_not_chargeable'
    end as not_entitled_reason,
    case
      when project.project_id is null then 'no_project'
      when line.contract_line_id is null or line.is_deleted then 'no_contract_line'
      when coalesce(expense.status, 'unknown') not in ('draft', 'submitted', 'approved', 'rejected') then 'unknown_status'
      when line.expense_policy is null or line.expense_policy not in ('at_cost', 'markup') then 'unknown_expense_policy'
      when line.expense_categories is not null and expense.category is null then 'unknown_category'
      when expense.currency <> line.currency and fx.rate is null then 'missing_fx_rate'
    end as not_judged_reason
  from {{ ref('expense_item') }} as expense
  left join {{ ref('project') }} as project on expense.project_id = project.project_id
  left join {{ ref('contract_line') }} as line on expense.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__expense_rates') }} as fx on expense.expense_item_id = fx.expense_item_id
  left join {{ ref('rejection_reasons') }} as rejection on lower(expense.rejection_reason) = rejection.reason_code
  left join resubmitted on expense.receipt_ref = resubmitted.receipt_ref
  where not expense.is_deleted and expense.expense_date <= {{ as_of_date() }}
),

supplier_items as (
  select
    'supplier_cost' as item_type,
    cost.supplier_cost_id as item_id,
    cost.source_system,
    cost.source_id,
    cost.engagement_id,
    cost.contract_line_id,
    coalesce(line.customer_id, cost.customer_id) as customer_id,
    cost.project_id,
    cast(null as {{ dbt.type_string() }}) as resource_id,
    coalesce(line.currency, cost.currency) as currency,
    coalesce(cost.service_to_date, {{ come_by_as_of(local_date('cost.approved_at', 'line.time_zone')) }}) as service_date,
    cast(null as date) as submitted_date,
    {{ come_by_as_of(local_date('cost.approved_at', 'line.time_zone')) }} as approved_date,
    {{ converted('cost.net_amount', 'cost.currency', 'coalesce(line.currency, cost.currency)', 'fx') }} as basis_amount,
    cost.net_amount as transaction_amount,
    cost.currency as transaction_currency,
    case when fx.rate is not null then 'spot' end as fx_rate_type,
    fx.rate_date as fx_rate_date,
    fx.rate as fx_rate,
    fx.is_inverse as is_fx_inverse,
    coalesce(line.passthrough_markup_pct, 0) as markup_pct,
    case
      when cost.status = 'approved' and {{ local_date('cost.approved_at', 'line.time_zone') }} > {{ as_of_date() }}
        then 'pending'
      else cost.status
    end as status,
    case
      when cost.status = 'voided' then 'voided'
      when not coalesce(cost.is_billable, false) then 'non_billable'
      when project.project_type in ('internal', 'presales') then 'non_billable'
      when line.billing_method = 'non_billable' then 'non_billable'
      when line.is_no_charge then 'no_charge'
      when line.passthrough_basis = 'time_at_rate' then 'time_at_rate'
      when line.passthrough_basis = 'none' then 'included_in_fee'
    end as not_entitled_reason,
    case
      when project.project_id is null then 'no_project'
      when line.contract_line_id is null or line.is_deleted then 'no_contract_line'
      when coalesce(cost.status, 'unknown') not in ('draft', 'pending', 'approved', 'disputed', 'voided') then 'unknown_status'
      when line.passthrough_basis is null or line.passthrough_basis <> 'cost_plus' then 'unknown_passthrough_basis'
      when cost.currency <> line.currency and fx.rate is null then 'missing_fx_rate'
    end as not_judged_reason
  from {{ ref('supplier_cost') }} as cost
  left join {{ ref('project') }} as project on cost.project_id = project.project_id
  left join {{ ref('contract_line') }} as line on cost.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      cost.currency = fx.from_currency
      and line.currency = fx.to_currency
      -- At the rate of its approval; while it waits for that, at today's.
      and coalesce({{ come_by_as_of(local_date('cost.approved_at', 'line.time_zone')) }}, {{ as_of_date() }}) = fx.calendar_date
  -- A purchase order is a commitment: nothing was delivered yet that could be passed on.
  where not cost.is_deleted and cost.document_type in ('invoice', 'credit_note')
),

items as (
  select
    item_type, item_id, source_system, source_id, engagement_id, contract_line_id, customer_id, project_id, resource_id,
    currency, service_date, submitted_date, approved_date, quantity, unit_rate, value_at_rate as value_amount,
    rate_card_line_id, is_rate_ambiguous, status, is_marked_billed, hold_reason, hold_from_date, hold_until_date, approver,
    value_at_rate as transaction_amount, currency as transaction_currency,
    cast(null as {{ dbt.type_string() }}) as fx_rate_type, cast(null as date) as fx_rate_date,
    cast(null as decimal(18, 8)) as fx_rate, cast(null as boolean) as is_fx_inverse,
    not_entitled_reason, not_judged_reason
  from time_items
  union all
  select
    item_type, item_id, source_system, source_id, engagement_id, contract_line_id, customer_id, project_id, resource_id,
    currency, service_date, submitted_date, approved_date, cast(1 as decimal(9, 4)) as quantity,
    cast(null as decimal(18, 6)) as unit_rate,
    {{ money(percent_of('cast(basis_amount as decimal(19, 4))', '100 + markup_pct')) }} as value_amount,
    cast(null as {{ dbt.type_string() }}) as rate_card_line_id, false as is_rate_ambiguous, status,
    false as is_marked_billed, cast(null as {{ dbt.type_string() }}) as hold_reason, cast(null as date) as hold_from_date,
    cast(null as date) as hold_until_date, cast(null as {{ dbt.type_string() }}) as approver,
    transaction_amount, transaction_currency, fx_rate_type, fx_rate_date, fx_rate, is_fx_inverse,
    not_entitled_reason, not_judged_reason
  from expense_items
  union all
  select
    item_type, item_id, source_system, source_id, engagement_id, contract_line_id, customer_id, project_id, resource_id,
    currency, service_date, submitted_date, approved_date, cast(1 as decimal(9, 4)) as quantity,
    cast(null as decimal(18, 6)) as unit_rate,
    {{ money(percent_of('cast(basis_amount as decimal(19, 4))', '100 + markup_pct')) }} as value_amount,
    cast(null as {{ dbt.type_string() }}) as rate_card_line_id, false as is_rate_ambiguous,
    case when status in ('pending', 'disputed') then 'submitted' else status end as status,
    false as is_marked_billed, cast(null as {{ dbt.type_string() }}) as hold_reason, cast(null as date) as hold_from_date,
    cast(null as date) as hold_until_date, cast(null as {{ dbt.type_string() }}) as approver,
    transaction_amount, transaction_currency, fx_rate_type, fx_rate_date, fx_rate, is_fx_inverse,
    not_entitled_reason, not_judged_reason
  from supplier_items
  union all
  select
    item_type, item_id, source_system, source_id, engagement_id, contract_line_id, customer_id, project_id,
    cast(null as {{ dbt.type_string() }}) as resource_id,
    currency, service_date, cast(null as date) as submitted_date, accepted_date as approved_date,
    cast(1 as decimal(9, 4)) as quantity, cast(null as decimal(18, 6)) as unit_rate, value_amount,
    cast(null as {{ dbt.type_string() }}) as rate_card_line_id, false as is_rate_ambiguous,
    case when accepted_date is not null then 'approved' else 'not_accepted' end as status,
    false as is_marked_billed, cast(null as {{ dbt.type_string() }}) as hold_reason, cast(null as date) as hold_from_date,
    cast(null as date) as hold_until_date, cast(null as {{ dbt.type_string() }}) as approver,
    value_amount as transaction_amount, currency as transaction_currency,
    cast(null as {{ dbt.type_string() }}) as fx_rate_type, cast(null as date) as fx_rate_date,
    cast(null as decimal(18, 8)) as fx_rate, cast(null as boolean) as is_fx_inverse,
    not_entitled_reason, not_judged_reason
  from {{ ref('ledger__fee_items') }}
),

dated as (
  select
    items.*,
    coalesce(line.billing_calendar_id, 'default') as billing_calendar_id,
    policies.invoice_sla,
    policies.milestone_sla,
    due_day.calendar_date as approval_due_date,
    coalesce(items.approved_date <= due_day.calendar_date, false) as is_approved_in_time
  from items
  left join {{ ref('contract_line') }} as line on items.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__contract_line_policies') }} as policies on items.contract_line_id = policies.contract_line_id
  left join {{ ref('ledger__calendar_days') }} as submitted_day
    on coalesce(items.submitted_date, items.service_date) = submitted_day.calendar_date
  left join {{ ref('ledger__calendar_days') }} as due_day
    on
      due_day.business_day_number = submitted_day.business_day_number + cast(policies.approval_sla as int)
      and due_day.is_business_day
),

cut as (
  select
    dated.*,
    case
      -- What was rejected would have been billed with the costs of its day.
      when dated.item_type = 'expense_item' and dated.status = 'rejected' then service_cutoff.cutoff_date
      when dated.item_type in ('expense_item', 'supplier_cost') then approval_cutoff.cutoff_date
      -- The period of a commitment is its cut-off, whatever the calendar of the line.
      when dated.item_type = 'commitment' then dated.service_date
      when dated.item_type = 'time_entry'
        then case
          -- Approved too late for its own run, but within the approval SLA: it belongs to the next run.
          when dated.approved_date > service_cutoff.cutoff_date and dated.is_approved_in_time then approval_cutoff.cutoff_date
          else service_cutoff.cutoff_date
        end
    end as cutoff_date
  from dated
  left join {{ ref('ledger__billing_cutoffs') }} as service_cutoff
    on
      dated.billing_calendar_id = service_cutoff.billing_calendar_id
      and dated.service_date between service_cutoff.period_from_date and service_cutoff.cutoff_date
  left join {{ ref('ledger__billing_cutoffs') }} as approval_cutoff
    on
      dated.billing_calendar_id = approval_cutoff.billing_calendar_id
      and dated.approved_date between approval_cutoff.period_from_date and approval_cutoff.cutoff_date
),

expected as (
  select
    cut.*,
    expected_day.calendar_date as expected_invoice_date
  from cut
  left join {{ ref('ledger__calendar_days') }} as base_day
    on
      case when cut.item_type in ('milestone', 'progress') then cut.approved_date else cut.cutoff_date end
      = base_day.calendar_date
  left join {{ ref('ledger__calendar_days') }} as expected_day
    on
      expected_day.business_day_number
      = base_day.business_day_number
      + cast(case when cut.item_type in ('milestone', 'progress') then cut.milestone_sla else cut.invoice_sla end as int)
      and expected_day.is_business_day
)

select
  item_id,
  item_type,
  source_system,
  source_id,
  engagement_id,
  contract_line_id,
  customer_id,
  project_id,
  resource_id,
  service_date,
  submitted_date,
  approved_date,
  approval_due_date,
  is_approved_in_time,
  cutoff_date,
  expected_invoice_date,
  cast({{ dbt.datediff('expected_invoice_date', as_of_date(), 'day') }} as int) as days_past,
  status,
  cast(quantity as decimal(9, 4)) as quantity,
  unit_rate,
  rate_card_line_id,
  is_rate_ambiguous,
  -- What is not billable by its nature needs no price, and a credit for it is owed to nobody; everything else without a
  -- price stays unknown.
  case when not_entitled_reason is not null then greatest(coalesce(value_amount, 0), 0) else value_amount end as entitled_amount,
  currency,
  cast(transaction_amount as decimal(18, 4)) as transaction_amount,
  transaction_currency,
  fx_rate_type,
  fx_rate_date,
  fx_rate,
  is_fx_inverse,
  is_marked_billed,
  hold_reason,
  hold_from_date,
  hold_until_date,
  approver,
  not_entitled_reason,
  case
    when not_entitled_reason is not null then null
    when not_judged_reason is not null then not_judged_reason
    when item_type = 'time_entry' and unit_rate is null and is_rate_ambiguous then 'rate_card_overlap'
    when item_type = 'time_entry' and unit_rate is null then 'missing_rate'
    when value_amount is null then 'missing_amount'
  end as not_judged_reason
from expected
