with linked as (
  select distinct invoice_line_id
  from {{ ref('billing_link') }}
  where not is_deleted
),

-- Posted lines that name no item, and the part of them that no item explains: hours of their period may be what they bill.
unattributed as (
  select
    item.item_id,
    sum(unexplained.unexplained_amount) as unattributed_amount
  from {{ ref('ledger__unexplained_billing') }} as unexplained
  inner join {{ ref('invoice_line') }} as line on unexplained.invoice_line_id = line.invoice_line_id
  inner join {{ ref('ledger__billable_items') }} as item
    on
      unexplained.contract_line_id = item.contract_line_id
      and item.item_type = 'time_entry'
      and item.service_date >= coalesce(line.service_from_date, cast('2018-01-01' as date))
      and item.service_date <= coalesce(line.service_to_date, unexplained.posted_date)
  left join linked on unexplained.invoice_line_id = linked.invoice_line_id
  where linked.invoice_line_id is null and unexplained.unexplained_amount > 0
  group by item.item_id
),

unsynced as (
  select
    record_type,
    record_ref,
    min(sync_record_id) as sync_record_id
  from {{ ref('ledger__sync_health') }}
  where is_past_sla
  group by record_type, record_ref
),

joined as (
  select
    item.*,
    billing.billed_amount,
    billing.billed_quantity,
    billing.concession_amount,
    billing.credit_open_amount,
    billing.kept_back_amount,
    billing.last_credit_date,
    billing.last_posted_date,
    billing.allocation_count,
    billing.billing_count,
    billing.is_billed_in_other_currency,
    billing.is_billing_unconverted,
    billing.is_on_draft,
    billing.repeats_item_id,
    -- A credit for a cost and the cost that it takes back are one: neither is owed by anybody as far as they meet.
    billing.overbilled_amount - greatest(0, coalesce(credit.settled_amount, 0)) as overbilled_amount,
    greatest(0, billing.underpriced_amount + least(0, coalesce(credit.settled_amount, 0))) as underpriced_amount,
    billing.open_amount + least(0, coalesce(credit.settled_amount, 0)) as open_amount,
    coalesce(credit.settled_amount, 0) as settled_amount,
    billing.billed_quantity_value,
    billing.billing_complete_through,
    billing.work_complete_through,
    coalesce(caps.over_cap_amount, 0) + coalesce(contract_caps.over_cap_amount, 0) as over_cap_amount,
    coalesce(caps.blocked_amount, 0) as blocked_amount,
    coalesce(caps.is_cap_unsure, false) or coalesce(contract_caps.is_cap_unsure, false) as is_cap_unsure,
    policies.carry_rate,
    policies.hold_stale,
    policies.credit_rebill,
    cast(policies.backbill_window as int) as backbill_window,
    cast(policies.price_correction_window as int) as price_correction_window,
    greatest(policies.billed_part_tolerance, policies.allocation_tolerance * billing.allocation_count) as tolerance,
    line.final_invoice_date,
    line.po_expires_date,
    line.billing_method,
    line.retainage_pct,
    line.retainage_release_date,
    unattributed.unattributed_amount,
    coalesce(valued.uplift_amount, 0) as uplift_amount,
    coalesce(valued.is_uplift_lost, false) as is_uplift_lost,
    coalesce(valued.ended_discount_amount, 0) as ended_discount_amount,
    coalesce(valued.is_tiered, false) as is_tiered,
    case when valued.writedown_reason is null then coalesce(valued.writedown_amount, 0) else 0 end as writedown_amount,
    coalesce(valued.is_parked, false) as is_parked,
    project.status = 'closed' as is_project_closed,
    -- The run that makes invoices looks at the project on which the work lies.
    coalesce(logged_on.is_excluded_from_billing, false) as is_excluded_from_billing,
    change_order.change_order_id,
    {{ change_order_status('change_order') }} as change_order_status,
    coalesce(change_sync.is_absent, false) as is_change_order_unsynced,
    -- What was done before a change took effect is not covered by its signature.
    coalesce(
      {{ change_order_status('change_order') }} = 'approved'
      and item.service_date < coalesce(change_order.effective_date, change_order.approved_date),
      false
    ) as is_before_change_order,
    {{ dbt.datediff('change_order.requested_date', as_of_date(), 'day') }} as change_order_age,
    policies.scope_escalation,
    {{ local_date('expense.rejected_at', 'line.time_zone') }} as rejected_date,
    policies.expense_resubmission,
    policies.lookback_limit,
    case
      when policies.statutory_limit > 0
        then cast({{ dbt.dateadd('day', 'cast(policies.statutory_limit as int)', 'item.service_date') }} as date)
    end as statutory_date,
    sync.sync_record_id is not null as is_sync_failed,
    duplicate.project_id is not null as is_on_duplicate_project,
    entry.applied_rate,
    repeated.time_entry_id is not null as is_entered_twice
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('ledger__item_billing') }} as billing on item.item_id = billing.item_id
  left join {{ ref('ledger__cost_credits') }} as credit on item.item_id = credit.item_id
  left join {{ ref('ledger__caps') }} as caps on item.item_id = caps.item_id
  left join {{ ref('ledger__contract_caps') }} as contract_caps on item.item_id = contract_caps.item_id
  left join {{ ref('ledger__contract_line_policies') }} as policies on item.contract_line_id = policies.contract_line_id
  left join {{ ref('contract_line') }} as line on item.contract_line_id = line.contract_line_id
  left join unattributed on item.item_id = unattributed.item_id
  left join {{ ref('ledger__time_values') }} as valued on item.item_id = valued.time_entry_id
  left join {{ ref('project') }} as logged_on on item.project_id = logged_on.project_id
  -- A project that was merged away is closed; the one that stands for it goes on.
  left join {{ ref('project') }} as project on logged_on.effective_project_id = project.project_id
  left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  left join {{ ref('change_order') }} as change_order on entry.change_order_id = change_order.change_order_id
  left join {{ ref('ledger__change_order_sync') }} as change_sync on entry.change_order_id = change_sync.change_order_id
  left join {{ ref('expense_item') }} as expense on item.item_id = expense.expense_item_id
  left join unsynced as sync on item.item_type = sync.record_type and item.source_id = sync.record_ref
  left join {{ ref('ledger__duplicate_projects') }} as duplicate on item.project_id = duplicate.project_id
  left join {{ ref('ledger__repeated_entries') }} as repeated on item.item_id = repeated.time_entry_id
),

-- What is missing on the billed quantity, each cent in one place: kept back, a missed rise, a discount that does not hold, and
-- the rest is price.
kept_back as (
  select
    joined.*,
    -- Lines that keep back and release say how much; without any it is the agreed share.
    least(
      underpriced_amount,
      greatest(0, coalesce(
        kept_back_amount,
        {{ money(percent_of('cast(billed_quantity_value as decimal(19, 4))', 'coalesce(retainage_pct, 0)')) }}
      ))
    ) as retainage_amount,
    coalesce({{ money(quotient(
      'cast(uplift_amount as decimal(20, 4)) * least(billed_quantity, quantity)', 'nullif(quantity, 0)'
    )) }}, 0) as uplift_billed_amount,
    coalesce({{ money(quotient(
      'cast(ended_discount_amount as decimal(20, 4)) * least(billed_quantity, quantity)', 'nullif(quantity, 0)'
    )) }}, 0) as ended_discount_billed_amount
  from joined
),

raised as (
  select
    kept_back.*,
    least(underpriced_amount - retainage_amount, uplift_billed_amount) as uplift_missed_amount
  from kept_back
),

discounted as (
  select
    raised.*,
    case
      when is_tiered then underpriced_amount - retainage_amount - uplift_missed_amount
      else least(underpriced_amount - retainage_amount - uplift_missed_amount, ended_discount_billed_amount)
    end as discount_gap_amount
  from raised
),

judged as (
  select
    discounted.*,
    coalesce(discounted.days_past > 0, false) as is_past_due,
    -- Approved, or hours that should have been: nobody's approval keeps a closed project, a hold or a billed mark from being
    -- what stands in the way.
    discounted.status = 'approved'
    or (
      discounted.item_type = 'time_entry'
      and discounted.status = 'submitted'
      and discounted.approval_due_date < {{ as_of_date() }}
    ) as is_approval_over,
    -- The earliest of: the contract's window for billing late or correcting a price, the final invoice, the end of the
    -- customer's purchase order, the limit that the law sets.
    least(
      cast({{ dbt.dateadd('day', 'discounted.backbill_window', 'discounted.expected_invoice_date') }} as date),
      coalesce(discounted.final_invoice_date, cast('9999-12-31' as date)),
      coalesce(discounted.po_expires_date, cast('9999-12-31' as date)),
      coalesce(discounted.statutory_date, cast('9999-12-31' as date))
    ) as billing_deadline,
    case
      when discounted.last_posted_date is not null
        then least(
          cast({{ dbt.dateadd('day', 'discounted.price_correction_window', 'discounted.last_posted_date') }} as date),
          coalesce(discounted.final_invoice_date, cast('9999-12-31' as date)),
          coalesce(discounted.po_expires_date, cast('9999-12-31' as date)),
          coalesce(discounted.statutory_date, cast('9999-12-31' as date))
        )
    end as price_deadline,
    -- "On no invoice" may be said only when the billing feed reaches past the day the invoice was expected.
    coalesce(cast(discounted.billing_complete_through as date) < discounted.expected_invoice_date, true) as is_billing_feed_stale,
    cast({{ dbt.dateadd(
      'day', 'cast(discounted.credit_rebill as int)', 'discounted.last_credit_date'
    ) }} as date) as credit_rebill_due_date,
    discounted.hold_from_date is not null
    and (discounted.hold_until_date is null or discounted.hold_until_date >= {{ as_of_date() }}) as is_on_hold,
    case
      when
        discounted.item_type = 'time_entry'
        and discounted.approval_due_date < {{ as_of_date() }}
        and (
          discounted.status = 'submitted'
          or (discounted.status = 'approved' and discounted.approved_date > discounted.approval_due_date)
        )
        then 'late_approval;'
      else ''
    end
    || case when discounted.is_parked then 'late_setup;' else '' end
    || case when discounted.is_change_order_unsynced or discounted.blocked_amount > 0 then 'co_not_synced;' else '' end
    || case
      when
        discounted.change_order_status in ('draft', 'pending')
        and discounted.change_order_age > discounted.scope_escalation
        then 'approval_overdue;'
      else ''
    end
    || case when discounted.is_sync_failed then 'sync_failed;' else '' end
    || case when discounted.is_on_duplicate_project then 'duplicate_project;' else '' end
    || case when discounted.is_entered_twice then 'entered_twice;' else '' end
    || case
      when
        discounted.lookback_limit > 0
        and {{ dbt.datediff('discounted.service_date', as_of_date(), 'day') }} > discounted.lookback_limit
        then 'lookback_cliff;'
      else ''
    end
    || case when discounted.is_excluded_from_billing then 'excluded_from_billing;' else '' end
    -- A billing run that leaves out amounts of zero never offers what the delivery system prices at nothing.
    || case when discounted.applied_rate = 0 then 'missing_rate_zero_hidden;' else '' end
    || case when discounted.is_on_draft then 'draft_not_confirmed;' else '' end
    || case when discounted.is_billed_in_other_currency then 'wrong_currency;' else '' end
    || case when discounted.is_marked_billed and discounted.billing_count = 0 then 'marked_billed;' else '' end as cause_list
  from discounted
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
  expected_invoice_date,
  days_past,
  is_past_due,
  coalesce(is_approval_over, false) as is_approval_over,
  status,
  quantity,
  unit_rate,
  billing_method,
  rate_card_line_id,
  cast(entitled_amount + settled_amount as decimal(18, 4)) as entitled_amount,
  currency,
  transaction_amount,
  transaction_currency,
  fx_rate_type,
  fx_rate_date,
  fx_rate,
  is_fx_inverse,
  is_marked_billed,
  hold_reason,
  hold_from_date,
  hold_until_date,
  is_on_hold,
  hold_reason is null
  or hold_until_date is null
  or {{ dbt.datediff('hold_from_date', as_of_date(), 'day') }} > hold_stale as is_hold_stale,
  coalesce(
    not_entitled_reason,
    case
      when repeats_item_id is not null then 'entered_twice'
      when settled_amount <> 0 and entitled_amount + settled_amount = 0 then 'cost_credited'
    end
  ) as not_entitled_reason,
  case
    when repeats_item_id is not null or (settled_amount <> 0 and entitled_amount + settled_amount = 0) then null
    when not_judged_reason is not null then not_judged_reason
    when not_entitled_reason is not null then null
    when is_billing_unconverted then 'missing_fx_rate'
    when status = 'approved' and expected_invoice_date is null then 'no_expected_date'
    when is_past_due and status = 'approved' and billing_complete_through is null then 'no_billing_feed'
    when is_past_due and status = 'approved' and is_billing_feed_stale then 'stale_source'
    -- Nor that a credit was never billed again, or what was kept back never released.
    when
      credit_open_amount > tolerance
      and credit_rebill_due_date < {{ as_of_date() }}
      and cast(billing_complete_through as date) < credit_rebill_due_date
      then 'stale_source'
    when
      retainage_amount > tolerance
      and retainage_release_date < {{ as_of_date() }}
      and cast(billing_complete_through as date) <= retainage_release_date
      then 'stale_source'
    -- Nor that nobody approved what was handed in.
    when
      status = 'submitted'
      and approval_due_date < {{ as_of_date() }}
      and cast(work_complete_through as date) < approval_due_date
      then 'stale_source'
    when
      is_past_due
      and status = 'approved'
      and open_amount > tolerance
      and unattributed_amount >= open_amount
      then 'unexplained_billing'
  end as not_judged_reason,
  billed_amount,
  billed_quantity,
  concession_amount,
  credit_open_amount,
  last_credit_date,
  last_posted_date,
  allocation_count,
  billing_count,
  over_cap_amount,
  is_cap_unsure,
  cast(overbilled_amount as decimal(18, 4)) as overbilled_amount,
  cast(underpriced_amount as decimal(18, 4)) as underpriced_amount,
  cast(open_amount as decimal(18, 4)) as open_amount,
  billed_quantity_value,
  blocked_amount,
  -- A rise that was not announced is lost on what is not billed as well.
  cast(
    uplift_missed_amount + case when is_uplift_lost then uplift_amount - uplift_billed_amount else 0 end as decimal(18, 4)
  ) as uplift_gap_amount,
  is_uplift_lost,
  cast(discount_gap_amount as decimal(18, 4)) as discount_gap_amount,
  cast(
    underpriced_amount - retainage_amount - uplift_missed_amount - discount_gap_amount as decimal(18, 4)
  ) as price_gap_amount,
  repeats_item_id,
  is_tiered,
  writedown_amount,
  is_parked,
  coalesce(is_project_closed, false) as is_project_closed,
  change_order_id,
  change_order_status,
  is_change_order_unsynced,
  is_before_change_order,
  cast(retainage_amount as decimal(18, 4)) as retainage_amount,
  retainage_release_date,
  cast({{ dbt.dateadd('day', 'cast(expense_resubmission as int)', 'rejected_date') }} as date) as resubmission_due_date,
  cast(tolerance as decimal(18, 4)) as tolerance_amount,
  carry_rate,
  credit_rebill_due_date,
  billing_deadline,
  price_deadline,
  case when billing_deadline < {{ as_of_date() }} then 'confirmed_loss' else 'at_risk' end as unbilled_verdict,
  case when price_deadline < {{ as_of_date() }} then 'confirmed_loss' else 'at_risk' end as price_verdict,
  case when cause_list <> '' then substr(cause_list, 1, length(cause_list) - 1) end as causes
from judged
