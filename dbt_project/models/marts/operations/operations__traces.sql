{#
  The way of an agreement and of each of its amendments through the systems. The steps, each with the domain that takes it;
  those of an amendment are dated from its own records alone.
#}
{% set steps = {
  'engagement': [
    ('won', 'crm'), ('signed', 'crm'), ('project_created', 'psa'), ('known_to_delivery', 'psa'), ('known_to_ledger', 'erp'),
    ('first_work', 'psa'), ('first_approval', 'psa'), ('first_invoice', 'erp'), ('first_revenue', 'erp'),
    ('first_payment', 'erp')],
  'change_order': [
    ('requested', 'crm'), ('approved', 'crm'), ('known_to_delivery', 'psa'), ('known_to_ledger', 'erp'),
    ('first_work', 'psa'), ('first_approval', 'psa'), ('first_invoice', 'erp'), ('first_revenue', 'erp')],
} %}
{# The records that show a step by themselves: relation, subject, its id, step, day, record id, amount and condition. #}
{% set known = "case source_domain when 'psa' then 'known_to_delivery' else 'known_to_ledger' end" %}
{% set in_psa_or_erp = "not is_deleted and source_domain in ('psa', 'erp')" %}
{% set change = 'coalesce(nullif(delta_amount, 0), cap_delta_amount)' %}
{% set records = [
  (ref('engagement'), "'engagement'", 'engagement_id', "'won'", 'cast(closed_won_at as date)',
    'coalesce(opportunity_source_id, source_id)', 'opportunity_amount', 'not is_deleted'),
  (ref('engagement'), "'engagement'", 'engagement_id', "'signed'", 'signed_date', 'source_id', none, 'not is_deleted'),
  (ref('project'), "'engagement'", 'engagement_id', "'project_created'", 'cast(created_at as date)', 'source_id', none,
    'not is_deleted'),
  (ref('contract_value'), "'engagement'", 'engagement_id', known, 'cast(created_at as date)', 'source_id', 'amount',
    in_psa_or_erp),
  (ref('change_order'), "'change_order'", 'change_order_id', "'requested'", 'requested_date', 'source_id', none,
    'not is_deleted'),
  (ref('change_order'), "'change_order'", 'change_order_id', "'approved'", 'approved_date', 'source_id', change,
    "not is_deleted and status = 'approved'"),
  (ref('change_order_record'), "'change_order'", 'change_order_id', known, 'cast(created_at as date)', 'source_id', change,
    in_psa_or_erp),
  ('items', 'subject_type', 'subject_id', "'first_work'", 'service_date', 'source_id', none, 'service_date is not null'),
  ('items', 'subject_type', 'subject_id', "'first_approval'", 'approved_date', 'source_id', none, 'approved_date is not null'),
] %}
-- (Step 1/3) The subjects, and everything that happened to them.
with subjects as (
  select
    'engagement' as subject_type,
    engagement_id as subject_id,
    engagement_id,
    cast(null as {{ dbt.type_string() }}) as contract_line_id,
    coalesce(name, source_id) as subject_name,
    customer_id,
    source_system,
    source_id,
    opportunity_amount as amount,
    currency,
    signed_date as from_date
  from {{ ref('engagement') }}
  where not is_deleted

  union all

  select
    'change_order' as subject_type,
    change_order.change_order_id as subject_id,
    change_order.engagement_id,
    change_order.contract_line_id,
    coalesce(change_order.co_number, change_order.source_id) as subject_name,
    engagement.customer_id,
    change_order.source_system,
    change_order.source_id,
    coalesce(nullif(change_order.delta_amount, 0), change_order.cap_delta_amount) as amount,
    change_order.currency,
    coalesce(change_order.effective_date, change_order.approved_date) as from_date
  from {{ ref('change_order') }} as change_order
  left join {{ ref('engagement') }} as engagement on change_order.engagement_id = engagement.engagement_id
  where not change_order.is_deleted
),

-- Items of the engagement, and those that were done for the amendment.
items as (
  select
    'engagement' as subject_type,
    engagement_id as subject_id,
    item_id,
    source_system,
    source_id,
    service_date,
    approved_date,
    expected_invoice_date
  from {{ ref('ledger__items') }}

  union all

  select
    'change_order' as subject_type,
    entry.change_order_id as subject_id,
    item.item_id,
    item.source_system,
    item.source_id,
    item.service_date,
    item.approved_date,
    item.expected_invoice_date
  from {{ ref('ledger__items') }} as item
  inner join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  where entry.change_order_id is not null
),

lines as (
  select
    line.engagement_id,
    line.invoice_line_id,
    invoice.invoice_id,
    invoice.posted_date,
    invoice.source_system,
    invoice.source_id
  from {{ ref('invoice_line') }} as line
  inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
  where invoice.status = 'posted' and invoice.invoice_type = 'invoice' and not line.is_deleted and not invoice.is_deleted
),

happened as (
  {% for relation, subject_type, subject_id, step, happened_date, source_id, amount, condition in records %}
  select
    {{ subject_type }} as subject_type,
    {{ subject_id }} as subject_id,
    {{ step }} as step,
    {{ happened_date }} as happened_date,
    source_system,
    {{ source_id }} as source_id,
    cast({{ amount or 'null' }} as decimal(18, 4)) as amount,
    {{ 'currency' if amount else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as currency
  from {{ relation }}
  where {{ condition }}

  union all

  {% endfor %}
  select
    items.subject_type,
    items.subject_id,
    'first_invoice' as step,
    lines.posted_date as happened_date,
    lines.source_system,
    lines.source_id,
    allocation.amount,
    allocation.currency
  from items
  inner join {{ ref('ledger__billing_allocations') }} as allocation on items.item_id = allocation.item_id
  inner join lines on allocation.invoice_line_id = lines.invoice_line_id
  where allocation.treatment = 'billing'

  union all

  select
    'engagement' as subject_type,
    lines.engagement_id as subject_id,
    'first_payment' as step,
    payment.payment_date as happened_date,
    payment.source_system,
    payment.source_id,
    payment.amount,
    payment.currency
  from lines
  inner join {{ ref('payment') }} as payment on lines.invoice_id = payment.invoice_id
  where not payment.is_deleted and lines.engagement_id is not null

  union all

  -- Revenue of an amendment is that of its contract line from the month on in which it takes effect.
  select
    subjects.subject_type,
    subjects.subject_id,
    'first_revenue' as step,
    schedule.posted_date as happened_date,
    schedule.source_system,
    schedule.source_id,
    schedule.recognised_amount as amount,
    schedule.currency
  from subjects
  inner join {{ ref('revenue_schedule') }} as schedule
    on
      subjects.engagement_id = schedule.engagement_id
      and (
        subjects.subject_type = 'engagement'
        or (
          subjects.contract_line_id = schedule.contract_line_id
          and schedule.period_start_date >= cast({{ dbt.date_trunc('month', 'subjects.from_date') }} as date)
        )
      )
  where not schedule.is_deleted
),

-- (Step 2/3) The first time of each step; what lies ahead of the business date has not happened.
ranked as (
  select
    happened.*,
    row_number() over (
      partition by subject_type, subject_id, step
      order by happened_date asc nulls last, source_system asc nulls last, source_id asc nulls last
    ) as preference
  from happened
  where happened_date <= {{ as_of_date() }}
),

dues as (
  select 'engagement' as subject_type, engagement_id as subject_id, step, setup_due_date as due_date
  from {{ ref('ledger__project_setup') }}
  cross join (
    select 'project_created' as step union all select 'known_to_delivery' as step union all select 'known_to_ledger' as step
  ) as set_up

  union all

  select 'change_order' as subject_type, change_order_id as subject_id, step, sync_due_date as due_date
  from {{ ref('ledger__change_order_sync') }}
  cross join (select 'known_to_delivery' as step union all select 'known_to_ledger' as step) as known

  union all

  select subject_type, subject_id, 'first_invoice' as step, min(expected_invoice_date) as due_date
  from items
  group by subject_type, subject_id
),

expected as (
  {% for subject_type, named in steps.items() %}
  {% set is_last = loop.last %}
  {% for step, domain in named %}
  select '{{ subject_type }}' as subject_type, {{ loop.index }} as step_number, '{{ step }}' as step, '{{ domain }}' as domain
  {{ 'union all' if not (is_last and loop.last) }}
  {% endfor %}
  {% endfor %}
),

connected as (
  select distinct source_domain as domain
  from {{ ref('feed_status') }}
),

traced as (
  select
    subjects.subject_type,
    subjects.subject_id,
    subjects.engagement_id,
    subjects.subject_name,
    subjects.customer_id,
    expected.step_number,
    expected.step,
    expected.domain,
    connected.domain is not null as is_connected,
    ranked.happened_date,
    dues.due_date,
    ranked.source_system,
    ranked.source_id,
    ranked.amount,
    case when ranked.amount is not null then ranked.currency end as currency,
    max(ranked.happened_date) over (
      partition by subjects.subject_type, subjects.subject_id
      order by expected.step_number asc nulls last
      rows between unbounded preceding and 1 preceding
    ) as before_date,
    max(ranked.happened_date) over (
      partition by subjects.subject_type, subjects.subject_id
      order by expected.step_number asc nulls last
      rows between 1 following and unbounded following
    ) as after_date
  from subjects
  inner join expected on subjects.subject_type = expected.subject_type
  left join connected on expected.domain = connected.domain
  left join ranked
    on
      subjects.subject_type = ranked.subject_type
      and subjects.subject_id = ranked.subject_id
      and expected.step = ranked.step
      and ranked.preference = 1
  left join dues
    on subjects.subject_type = dues.subject_type and subjects.subject_id = dues.subject_id and expected.step = dues.step
)

-- (Step 3/3) What each step says.
select
  {{ dbt.hash("traced.subject_type || '|' || traced.subject_id || '|' || traced.step") }} as trace_id,
  {{ as_of_date() }} as as_of_date,
  traced.engagement_id as correlation_id,
  traced.subject_type,
  traced.subject_id,
  traced.subject_name,
  coalesce(customer.name, 'unknown customer') as customer_name,
  cast(traced.step_number as int) as step_number,
  traced.step,
  traced.domain,
  case
    when traced.happened_date > traced.due_date then 'late'
    when traced.happened_date is not null then 'done'
    when not traced.is_connected then 'no_system'
    when traced.due_date < {{ as_of_date() }} then 'missing'
    when traced.after_date is not null then 'skipped'
    else 'waiting'
  end as status,
  traced.happened_date,
  traced.due_date,
  cast({{ dbt.datediff('traced.before_date', 'traced.happened_date', 'day') }} as int) as days_since_previous,
  cast(
    case
      when traced.due_date is not null and (traced.happened_date is not null or traced.is_connected)
        then greatest(0, {{ dbt.datediff('traced.due_date', 'coalesce(traced.happened_date, ' ~ as_of_date() ~ ')', 'day') }})
    end as int
  ) as days_late,
  traced.source_system,
  traced.source_id,
  cast(traced.amount as decimal(18, 4)) as amount,
  traced.currency
from traced
left join {{ ref('customer') }} as customer on traced.customer_id = customer.customer_id
