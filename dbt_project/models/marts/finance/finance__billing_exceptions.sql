{% set kinds = ['dispute_open', 'credit_not_rebilled', 'invoice_stuck', 'duplicate_billing', 'rate_variance_over', 'rejected'] %}
{% set first_pass_days = 60 %}
-- (Step 1/4) Posted invoices, and the latest of those that bill each item.
with invoices as (
  select
    invoice_id,
    legal_entity_id,
    currency,
    net_amount,
    posted_date,
    {{ come_by_as_of('rejected_date') }} as rejected_date
  from {{ ref('invoice') }}
  where
    invoice_type = 'invoice'
    and status = 'posted'
    and not is_deleted
    and posted_date <= {{ as_of_date() }}
    and intercompany_legal_entity_id is null
),

item_invoices as (
  select
    item_id,
    invoice_id,
    row_number() over (partition by item_id order by posted_date desc nulls last, invoice_id desc nulls last) as preference
  from {{ ref('ledger__billing_allocations') }}
  where treatment = 'billing' and amount > 0
),

-- (Step 2/4) What went wrong, on which invoice and when. Disputes and refusals count although they are settled since.
exceptions as (
  select
    'dispute_open' as kind,
    dispute.invoice_id,
    invoices.legal_entity_id,
    dispute.currency,
    dispute.opened_date as opened_date,
    dispute.amount
  from {{ ref('dispute') }} as dispute
  inner join invoices on dispute.invoice_id = invoices.invoice_id
  where not dispute.is_deleted and dispute.opened_date <= {{ as_of_date() }}

  union all

  select
    'rejected' as kind,
    invoice_id,
    legal_entity_id,
    currency,
    rejected_date as opened_date,
    net_amount as amount
  from invoices
  where rejected_date is not null

  union all

  select
    finding.category as kind,
    finding.subject_id as invoice_id,
    finding.legal_entity_id,
    finding.currency,
    finding.occurred_date as opened_date,
    finding.exposed_amount as amount
  from {{ ref('leakage__findings') }} as finding
  where finding.category = 'invoice_stuck' and finding.is_live

  union all

  select
    finding.category as kind,
    invoices.invoice_id,
    finding.legal_entity_id,
    finding.currency,
    coalesce(item.last_credit_date, invoices.posted_date, finding.occurred_date) as opened_date,
    finding.amount
  from {{ ref('leakage__findings') }} as finding
  left join item_invoices on finding.subject_id = item_invoices.item_id and item_invoices.preference = 1
  left join invoices on item_invoices.invoice_id = invoices.invoice_id
  left join {{ ref('ledger__open_items') }} as item
    on finding.subject_id = item.item_id and finding.category = 'credit_not_rebilled'
  where finding.category in ('credit_not_rebilled', 'duplicate_billing', 'rate_variance_over') and finding.is_live
),

opened as (
  select
    cast({{ dbt.date_trunc('month', 'opened_date') }} as date) as opened_month,
    legal_entity_id,
    currency,
    count(*) as exception_count,
    count(distinct invoice_id) as affected_invoice_count
    {% for kind in kinds %},
    sum(case when kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_count,
    sum(case when kind = '{{ kind }}' then amount end) as {{ kind }}_amount
    {%- endfor %}
  from exceptions
  group by cast({{ dbt.date_trunc('month', 'opened_date') }} as date), legal_entity_id, currency
),

-- (Step 3/4) First pass: nothing happened to the invoice within its first days; younger ones cannot tell yet.
troubles as (
  select
    invoices.invoice_id,
    exceptions.opened_date as trouble_date
  from invoices
  inner join exceptions on invoices.invoice_id = exceptions.invoice_id
  where exceptions.kind in ('dispute_open', 'rejected')
  union all
  select
    original_invoice_id as invoice_id,
    posted_date as trouble_date
  from {{ ref('invoice') }}
  where
    invoice_type = 'credit_memo'
    and status = 'posted'
    and not is_deleted
    and posted_date <= {{ as_of_date() }}
    and original_invoice_id is not null
),

first_troubles as (
  select
    invoice_id,
    min(trouble_date) as trouble_date
  from troubles
  group by invoice_id
),

passed as (
  select
    cast({{ dbt.date_trunc('month', 'invoices.posted_date') }} as date) as opened_month,
    invoices.legal_entity_id,
    invoices.currency,
    count(*) as posted_invoice_count,
    sum(
      case when {{ dbt.datediff('invoices.posted_date', as_of_date(), 'day') }} >= {{ first_pass_days }} then 1 else 0 end
    ) as mature_invoice_count,
    sum(
      case
        when
          {{ dbt.datediff('invoices.posted_date', as_of_date(), 'day') }} >= {{ first_pass_days }}
          and coalesce(
            {{ dbt.datediff('invoices.posted_date', 'first_troubles.trouble_date', 'day') }} > {{ first_pass_days }}, true
          )
          then 1
        else 0
      end
    ) as first_pass_invoice_count
  from invoices
  left join first_troubles on invoices.invoice_id = first_troubles.invoice_id
  group by
    cast({{ dbt.date_trunc('month', 'invoices.posted_date') }} as date), invoices.legal_entity_id, invoices.currency
),

-- (Step 4/4) Both by month; a month without invoices has no rate.
joined as (
  select
    coalesce(passed.opened_month, opened.opened_month) as opened_month,
    coalesce(passed.legal_entity_id, opened.legal_entity_id) as legal_entity_id,
    coalesce(passed.currency, opened.currency) as currency,
    passed.posted_invoice_count,
    passed.mature_invoice_count,
    passed.first_pass_invoice_count,
    opened.exception_count,
    opened.affected_invoice_count
    {% for kind in kinds %},
    opened.{{ kind }}_count,
    opened.{{ kind }}_amount
    {%- endfor %}
  from passed
  full outer join opened
    on
      passed.opened_month = opened.opened_month
      and passed.currency = opened.currency
      and coalesce(passed.legal_entity_id, 'none') = coalesce(opened.legal_entity_id, 'none')
)

select
  {{ dbt.hash(
    "cast(joined.opened_month as " ~ dbt.type_string() ~ ") || '|' || coalesce(joined.legal_entity_id, 'none') || '|' || "
    ~ "joined.currency"
  ) }} as billing_exceptions_id,
  {{ as_of_date() }} as as_of_date,
  joined.opened_month,
  joined.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  cast(coalesce(joined.posted_invoice_count, 0) as int) as posted_invoice_count,
  cast(coalesce(joined.exception_count, 0) as int) as exception_count,
  cast(coalesce(joined.affected_invoice_count, 0) as int) as affected_invoice_count,
  {{ percentage('coalesce(joined.affected_invoice_count, 0)', 'joined.posted_invoice_count') }} as exceptions_per_100_invoices,
  {% for kind in kinds %}
  cast(coalesce(joined.{{ kind }}_count, 0) as int) as {{ kind }}_count,
  cast(joined.{{ kind }}_amount as decimal(18, 4)) as {{ kind }}_amount,
  {% endfor %}
  cast(coalesce(joined.mature_invoice_count, 0) as int) as mature_invoice_count,
  cast(coalesce(joined.first_pass_invoice_count, 0) as int) as first_pass_invoice_count,
  {{ percentage('joined.first_pass_invoice_count', 'joined.mature_invoice_count') }} as first_pass_pct,
  joined.currency
from joined
left join {{ ref('legal_entity') }} as legal_entity on joined.legal_entity_id = legal_entity.legal_entity_id
