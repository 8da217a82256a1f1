{% set stages = {
  'trigger_to_issue': 'issue_days', 'issue_to_post': 'post_days', 'post_to_send': 'send_days', 'cycle': 'cycle_days'
} %}
-- (Step 1/3) From when each item could be billed: the cut-off for time and commitments, the acceptance of milestones and
-- progress, the approval of costs that are passed on.
with billed as (
  select
    allocation.invoice_id,
    sum(allocation.amount) as amount,
    case
      when item.item_type in ('milestone', 'progress', 'expense_item', 'supplier_cost') then item.approved_date
      else item.cutoff_date
    end as trigger_date
  from {{ ref('ledger__billing_allocations') }} as allocation
  inner join {{ ref('ledger__billable_items') }} as item on allocation.item_id = item.item_id
  where allocation.treatment = 'billing' and allocation.amount > 0
  group by
    allocation.invoice_id,
    case
      when item.item_type in ('milestone', 'progress', 'expense_item', 'supplier_cost') then item.approved_date
      else item.cutoff_date
    end
),

invoices as (
  select
    invoice_id,
    legal_entity_id,
    currency,
    issue_date,
    posted_date,
    {{ come_by_as_of('sent_date') }} as sent_date,
    coalesce({{ come_by_as_of('sent_date') }}, posted_date) as reached_date
  from {{ ref('invoice') }}
  where
    invoice_type = 'invoice'
    and status = 'posted'
    and not is_deleted
    and posted_date <= {{ as_of_date() }}
    and intercompany_legal_entity_id is null
),

-- (Step 2/3) An invoice could be raised when the last of its items could; each amount waits from its own item's day.
triggers as (
  select
    billed.invoice_id,
    max(billed.trigger_date) as trigger_date,
    sum(billed.amount) as amount,
    sum(
      cast(billed.amount as decimal(24, 4))
      * greatest(0, {{ dbt.datediff('billed.trigger_date', 'invoices.reached_date', 'day') }})
    ) as amount_days
  from billed
  inner join invoices on billed.invoice_id = invoices.invoice_id
  where billed.trigger_date is not null
  group by billed.invoice_id
),

measured as (
  select
    invoices.*,
    cast({{ dbt.date_trunc('month', 'invoices.reached_date') }} as date) as billing_month,
    triggers.amount,
    triggers.amount_days,
    case
      when triggers.trigger_date is not null
        then greatest(0, {{ dbt.datediff('triggers.trigger_date', 'invoices.reached_date', 'day') }})
    end as cycle_days,
    case
      when triggers.trigger_date is not null and invoices.issue_date is not null
        then greatest(0, {{ dbt.datediff('triggers.trigger_date', 'invoices.issue_date', 'day') }})
    end as issue_days,
    case
      when invoices.issue_date is not null
        then greatest(0, {{ dbt.datediff('invoices.issue_date', 'invoices.posted_date', 'day') }})
    end as post_days,
    case
      when invoices.sent_date is not null
        then greatest(0, {{ dbt.datediff('invoices.posted_date', 'invoices.sent_date', 'day') }})
    end as send_days
  from invoices
  left join triggers on invoices.invoice_id = triggers.invoice_id
),

-- (Step 3/3) Ranked by each figure for its median and percentile.
ranked as (
  select
    measured.*
    {% for days in stages.values() %},
    {{ value_rank(days, ['legal_entity_id', 'currency', 'billing_month'], 'invoice_id') }} as {{ days }}_rank,
    count({{ days }}) over (partition by legal_entity_id, currency, billing_month) as {{ days }}_count
    {%- endfor %}
  from measured
)

select
  {{ dbt.hash(
    "coalesce(ranked.legal_entity_id, 'none') || '|' || ranked.currency || '|' || "
    ~ "cast(ranked.billing_month as " ~ dbt.type_string() ~ ")"
  ) }} as invoice_cycle_time_id,
  {{ as_of_date() }} as as_of_date,
  ranked.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  ranked.billing_month,
  cast(count(*) as int) as invoice_count,
  cast(count(ranked.cycle_days) as int) as measured_invoice_count,
  cast(count(ranked.sent_date) as int) as sent_invoice_count,
  {% for stage, days in stages.items() %}
  {{ median('ranked.' ~ days, 'ranked.' ~ days ~ '_rank', 'ranked.' ~ days ~ '_count') }} as median_{{ stage }}_days,
  {% endfor %}
  {{ percentile('ranked.cycle_days', 'ranked.cycle_days_rank', 'ranked.cycle_days_count', 90) }} as p90_cycle_days,
  cast(round({{ quotient('sum(ranked.amount_days)', 'nullif(sum(ranked.amount), 0)') }}, 2) as decimal(18, 4))
    as value_weighted_cycle_days,
  cast(sum(ranked.amount) as decimal(18, 4)) as measured_amount,
  ranked.currency
from ranked
left join {{ ref('legal_entity') }} as legal_entity on ranked.legal_entity_id = legal_entity.legal_entity_id
group by ranked.legal_entity_id, legal_entity.name, ranked.billing_month, ranked.currency
