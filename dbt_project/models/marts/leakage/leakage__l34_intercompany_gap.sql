-- Work that people of one company of the firm did for a contract of another, at the agreed transfer price, less what the
-- lending company charged for it.
with lent as (
  select
    entry.time_entry_id,
    entry.source_system,
    entry.source_id,
    entry.engagement_id,
    entry.contract_line_id,
    entry.customer_id,
    entry.project_id,
    entry.resource_id,
    entry.work_date,
    resource.legal_entity_id,
    coalesce(price.currency, line.currency) as currency,
    case
      when price.hourly_rate is not null
        then {{ money('cast(entry.hours as decimal(9, 4)) * cast(price.hourly_rate as decimal(19, 6))') }}
      else {{ money(percent_of(
        'cast(entry.hours as decimal(9, 4)) * cast(rate.hourly_rate as decimal(19, 6))', 'price.rate_pct'
      )) }}
    end as transfer_amount,
    due_day.calendar_date as due_date,
    row_number() over (
      partition by entry.time_entry_id
      order by
        price.role asc nulls last,
        price.from_legal_entity asc nulls last,
        price.to_legal_entity asc nulls last,
        price.valid_from desc nulls last
    ) as preference
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('resource') }} as resource on entry.resource_id = resource.resource_id
  inner join {{ ref('contract_line') }} as line on entry.contract_line_id = line.contract_line_id
  inner join {{ ref('legal_entity') }} as lender on resource.legal_entity_id = lender.legal_entity_id
  inner join {{ ref('legal_entity') }} as borrower on line.legal_entity_id = borrower.legal_entity_id
  inner join {{ ref('transfer_prices') }} as price
    on
      (price.from_legal_entity is null or price.from_legal_entity = lender.legal_entity_id)
      and (price.to_legal_entity is null or price.to_legal_entity = borrower.legal_entity_id)
      and (price.role is null or price.role = entry.role)
      and price.valid_from <= entry.work_date
      and (price.valid_to is null or price.valid_to > entry.work_date)
  left join {{ ref('ledger__time_rates') }} as rate on entry.time_entry_id = rate.time_entry_id
  inner join {{ ref('ledger__calendar_days') }} as worked on entry.work_date = worked.calendar_date
  inner join {{ ref('ledger__calendar_days') }} as month_end on worked.month_end_date = month_end.calendar_date
  inner join {{ ref('ledger__calendar_days') }} as due_day
    on
      due_day.business_day_number = month_end.business_day_number + cast({{ global_policy('intercompany_sla') }} as int)
      and due_day.is_business_day
  where
    not entry.is_deleted
    and entry.status = 'approved'
    and resource.legal_entity_id <> line.legal_entity_id
    and (price.currency is null or price.hourly_rate is not null)
),

charges as (
  select
    line.invoice_line_id,
    line.contract_line_id,
    line.resource_id,
    line.net_amount,
    line.currency,
    line.service_from_date,
    line.service_to_date,
    invoice.posted_date,
    invoice.legal_entity_id
  from {{ ref('invoice_line') }} as line
  inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
  where
    invoice.intercompany_legal_entity_id is not null
    and invoice.status = 'posted'
    and not invoice.is_deleted
    and not line.is_deleted
    and invoice.posted_date <= {{ as_of_date() }}
),

links as (
  select
    invoice_line_id,
    item_id,
    amount
  from {{ ref('billing_link') }}
  where not is_deleted
),

of_hours as (
  select
    link.item_id,
    {{ converted('link.amount', 'line.currency', 'lent.currency', 'fx') }} as amount
  from lent
  inner join links as link on lent.time_entry_id = link.item_id
  inner join charges as line on link.invoice_line_id = line.invoice_line_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on line.currency = fx.from_currency and lent.currency = fx.to_currency and line.posted_date = fx.calendar_date
  where lent.preference = 1
),

-- A charge that names a period and no hours is for the hours that were lent in it, the first ones first.
sums as (
  select
    lent.time_entry_id as item_id,
    lent.transfer_amount,
    {{ converted('line.net_amount', 'line.currency', 'lent.currency', 'fx') }} as charge_amount,
    sum(lent.transfer_amount) over (
      partition by line.invoice_line_id, lent.currency
      order by lent.work_date asc nulls last, lent.time_entry_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from charges as line
  inner join lent
    on
      line.contract_line_id = lent.contract_line_id
      and line.legal_entity_id = lent.legal_entity_id
      and (line.resource_id is null or line.resource_id = lent.resource_id)
      and lent.work_date between line.service_from_date and line.service_to_date
      and lent.preference = 1
  left join links on line.invoice_line_id = links.invoice_line_id
  left join of_hours on lent.time_entry_id = of_hours.item_id
  left join {{ ref('ledger__fx_daily') }} as fx
    on line.currency = fx.from_currency and lent.currency = fx.to_currency and line.posted_date = fx.calendar_date
  where links.invoice_line_id is null and of_hours.item_id is null and line.net_amount > 0
),

charged as (
  select
    item_id,
    sum(amount) as amount,
    sum(case when amount is null then 1 else 0 end) as unknown_count
  from (
    select item_id, amount from of_hours
    union all
    select
      item_id,
      case
        when charge_amount is not null
          then greatest(0, least(transfer_amount, charge_amount - running_amount + transfer_amount))
      end as amount
    from sums
  ) as each_charge
  group by item_id
),

found as (
  select
    lent.time_entry_id as subject_key,
    'control_gap' as verdict,
    'time_entry' as subject_type,
    lent.source_system as subject_system,
    lent.source_id as subject_source_id,
    lent.time_entry_id as subject_id,
    lent.engagement_id,
    lent.contract_line_id,
    lent.customer_id,
    lent.project_id,
    lent.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    lent.currency,
    lent.transfer_amount - coalesce(charged.amount, 0) as exposed_amount,
    'Charge the company that holds ' || coalesce(line.name, line.source_id) || ' '
    || {{ shown('lent.transfer_amount - coalesce(charged.amount, 0)', 'lent.currency') }}
    || ' for work of ' || {{ said('lent.work_date') }} || '.' as action,
    'not_charged' as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['time_entry', 'lent.source_system', 'lent.source_id']
    ]) }} as evidence,
    lent.due_date as expected_date,
    lent.work_date as occurred_date,
    {{ dbt.datediff('lent.due_date', as_of_date(), 'day') }} as days_past
  from lent
  inner join {{ ref('contract_line') }} as line on lent.contract_line_id = line.contract_line_id
  left join charged on lent.time_entry_id = charged.item_id
  where
    lent.preference = 1
    and lent.due_date < {{ as_of_date() }}
    -- What was charged in a currency without a rate may be all of it.
    and coalesce(charged.unknown_count, 0) = 0
    and lent.transfer_amount - coalesce(charged.amount, 0) > 0.01
)

{{ detector_findings('intercompany_gap', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
