{% set categories = ['not_entitled', 'over_cap', 'missing_rate', 'not_judged', 'credit_not_rebilled', 'dispute_open',
  'closed_project_wip', 'phantom_billed', 'expense_rejected_lost', 'unapproved_scope', 'change_order_gap', 'retainage_unreleased',
  'rate_uplift_missed', 'discount_or_tier_error', 'unexplained_writedown', 'retainer_overage_unbilled',
  'min_commitment_shortfall',
  'billing_hold_stale', 'billing_hold', 'unapproved_time', 'not_submitted', 'rate_variance_under', 'rebill_under',
  'rounding', 'not_yet_due', 'unbilled_approved_time', 'expense_unrebilled', 'supplier_passthrough',
  'milestone_unbilled'] %}
with claims as (
  {% for category in categories %}
  select item_id, category, claimed_amount, verdict, reason, recovery_deadline
  from {{ ref('claim_' ~ category) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

ordered as (
  select
    claims.item_id,
    claims.category,
    claims.verdict,
    claims.reason,
    claims.recovery_deadline,
    item.open_amount,
    least(claims.claimed_amount, item.open_amount) as claimed_amount,
    detector.claim_sequence,
    row_number() over (partition by claims.item_id order by detector.claim_sequence asc nulls last) as claim_rank,
    coalesce(
      sum(least(claims.claimed_amount, item.open_amount)) over (
        partition by claims.item_id
        order by detector.claim_sequence asc nulls last
        rows between unbounded preceding and 1 preceding
      ),
      0
    ) as claimed_before_amount
  from claims
  inner join {{ ref('ledger__open_items') }} as item on claims.item_id = item.item_id
  inner join {{ ref('detectors') }} as detector on claims.category = detector.category
),

served as (
  select
    ordered.*,
    case
      when open_amount is null then null
      else greatest(0, least(claimed_amount, open_amount - claimed_before_amount))
    end as served_amount
  from ordered
)

select
  {{ dbt.hash("served.item_id || '|' || served.category") }} as item_claim_id,
  served.item_id,
  item.item_type,
  item.source_system,
  item.source_id,
  item.engagement_id,
  item.contract_line_id,
  item.customer_id,
  served.category,
  served.verdict,
  served.reason,
  -- A right that lapsed is the cause of its own part of the item alone.
  case
    when served.reason = 'notice_missed' then coalesce(item.causes || ';', '') || served.reason
    else item.causes
  end as causes,
  cast(served.served_amount as decimal(18, 4)) as amount,
  item.currency,
  item.expected_invoice_date,
  item.days_past,
  served.recovery_deadline,
  cast(served.claim_sequence as int) as claim_sequence
from served
inner join {{ ref('ledger__open_items') }} as item on served.item_id = item.item_id
where
  served.served_amount > 0
  -- Items without a value, or without anything entitled, still say why.
  or (served.claim_rank = 1 and (served.served_amount is null or served.category in ('not_entitled', 'not_judged')))
