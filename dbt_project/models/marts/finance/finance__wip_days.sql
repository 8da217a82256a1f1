{% set window_days = 90 %}
{% set window_start %}cast({{ dbt.dateadd('day', -window_days, as_of_date()) }} as date){% endset %}
with claimed as (
  select
    item_id,
    max(case when category = 'not_entitled' then 1 else 0 end) as is_not_entitled,
    sum(case when category = 'over_cap' then amount end) as over_cap_amount,
    sum(case when category in ('billing_hold', 'billing_hold_stale') then amount end) as held_amount,
    sum(case when verdict = 'indeterminate' then amount end) as not_judged_amount,
    -- What waits to be billed for the first time or again; wrong prices of what was billed are no work in progress.
    sum(
      case
        when
          verdict in ('at_risk', 'not_yet_due')
          and category in (
            'not_yet_due', 'unbilled_approved_time', 'phantom_billed', 'credit_not_rebilled', 'closed_project_wip',
            'change_order_gap', 'expense_unrebilled', 'supplier_passthrough', 'milestone_unbilled',
            'retainer_overage_unbilled'
          )
          then amount
      end
    ) as unbilled_amount
  from {{ ref('ledger__item_claims') }}
  group by item_id
),

totals as (
  select
    engagement.legal_entity_id,
    item.currency,
    sum(claimed.unbilled_amount) as unbilled_amount,
    sum(claimed.held_amount) as held_amount,
    sum(claimed.not_judged_amount) as not_judged_amount,
    sum(
      case when item.service_date > {{ window_start }} then item.entitled_amount - coalesce(claimed.over_cap_amount, 0) end
    ) as billable_amount,
    sum(case when item.entitled_amount is null then 1 else 0 end) as unpriced_item_count
  from {{ ref('ledger__items') }} as item
  left join claimed on item.item_id = claimed.item_id
  left join {{ ref('engagement') }} as engagement on item.engagement_id = engagement.engagement_id
  where item.status = 'approved' and coalesce(claimed.is_not_entitled, 0) = 0 and item.currency is not null
  group by engagement.legal_entity_id, item.currency
),

measured as (
  select
    totals.*,
    {{ days_of('coalesce(totals.unbilled_amount, 0)', 'totals.billable_amount', window_days) }} as wip_days
  from totals
)

select
  {{ dbt.hash("coalesce(measured.legal_entity_id, 'none') || '|' || measured.currency") }} as wip_days_id,
  {{ as_of_date() }} as as_of_date,
  measured.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  {{ window_days }} as window_days,
  cast(coalesce(measured.unbilled_amount, 0) as decimal(18, 4)) as unbilled_amount,
  cast(measured.held_amount as decimal(18, 4)) as held_amount,
  cast(measured.not_judged_amount as decimal(18, 4)) as not_judged_amount,
  cast(measured.unpriced_item_count as int) as unpriced_item_count,
  cast(measured.billable_amount as decimal(18, 4)) as billable_amount,
  measured.wip_days,
  dso.dso_days,
  cast(measured.wip_days + dso.dso_days as decimal(18, 4)) as lock_up_days,
  measured.currency
from measured
left join {{ ref('finance__dso') }} as dso
  on
    measured.currency = dso.currency
    and coalesce(measured.legal_entity_id, 'none') = coalesce(dso.legal_entity_id, 'none')
left join {{ ref('legal_entity') }} as legal_entity on measured.legal_entity_id = legal_entity.legal_entity_id
