-- Entitled is what the contract lets the firm bill: not what the fee includes, nor what lies above a cap.
with claimed as (
  select
    item_id,
    max(case when category = 'not_entitled' then 1 else 0 end) as is_not_entitled,
    sum(case when category = 'over_cap' then amount else 0 end) as over_cap_amount
  from {{ ref('ledger__item_claims') }}
  where category in ('not_entitled', 'over_cap')
  group by item_id
),

entitled as (
  select
    cast({{ dbt.date_trunc('month', 'item.service_date') }} as date) as occurred_month,
    engagement.legal_entity_id,
    item.currency,
    sum(item.entitled_amount - coalesce(claimed.over_cap_amount, 0)) as amount,
    sum(case when item.entitled_amount is null then 1 else 0 end) as unpriced_item_count
  from {{ ref('ledger__items') }} as item
  left join claimed on item.item_id = claimed.item_id
  left join {{ ref('engagement') }} as engagement on item.engagement_id = engagement.engagement_id
  where coalesce(claimed.is_not_entitled, 0) = 0
  group by cast({{ dbt.date_trunc('month', 'item.service_date') }} as date), engagement.legal_entity_id, item.currency
),

leaked as (
  select
    cast({{ dbt.date_trunc('month', 'occurred_date') }} as date) as occurred_month,
    legal_entity_id,
    currency,
    category,
    count(*) as finding_count,
    sum(case when verdict = 'at_risk' then amount else 0 end) as at_risk_amount,
    sum(case when verdict = 'confirmed_loss' then amount else 0 end) as confirmed_loss_amount
  from {{ ref('leakage__findings') }}
  where is_counted
  group by cast({{ dbt.date_trunc('month', 'occurred_date') }} as date), legal_entity_id, currency, category
),

joined as (
  select
    coalesce(entitled.occurred_month, leaked.occurred_month) as occurred_month,
    coalesce(entitled.legal_entity_id, leaked.legal_entity_id) as legal_entity_id,
    coalesce(entitled.currency, leaked.currency) as currency,
    coalesce(leaked.category, 'none') as category,
    entitled.amount as entitled_amount,
    coalesce(entitled.unpriced_item_count, 0) as unpriced_item_count,
    coalesce(leaked.finding_count, 0) as finding_count,
    coalesce(leaked.at_risk_amount, 0) as at_risk_amount,
    coalesce(leaked.confirmed_loss_amount, 0) as confirmed_loss_amount
  from entitled
  full outer join leaked
    on
      entitled.currency = leaked.currency
      and coalesce(entitled.legal_entity_id, 'none') = coalesce(leaked.legal_entity_id, 'none')
      and coalesce(entitled.occurred_month, cast('1900-01-01' as date))
      = coalesce(leaked.occurred_month, cast('1900-01-01' as date))
)

select
  {{ dbt.hash(
    "coalesce(cast(joined.occurred_month as " ~ dbt.type_string() ~ "), 'none') || '|' || "
    ~ "coalesce(joined.legal_entity_id, 'none') || '|' || joined.category || '|' || coalesce(joined.currency, 'none')"
  ) }} as leakage_rate_id,
  {{ as_of_date() }} as as_of_date,
  joined.occurred_month,
  fiscal.fiscal_year,
  fiscal.fiscal_period,
  joined.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  joined.category,
  cast(joined.finding_count as int) as finding_count,
  cast(joined.unpriced_item_count as int) as unpriced_item_count,
  cast(joined.entitled_amount as decimal(18, 4)) as entitled_amount,
  cast(joined.at_risk_amount as decimal(18, 4)) as at_risk_amount,
  cast(joined.confirmed_loss_amount as decimal(18, 4)) as confirmed_loss_amount,
  case
    when joined.entitled_amount > 0
      then {{ percentage('joined.at_risk_amount + joined.confirmed_loss_amount', 'joined.entitled_amount') }}
  end as leakage_pct,
  joined.currency
from joined
left join {{ ref('legal_entity') }} as legal_entity on joined.legal_entity_id = legal_entity.legal_entity_id
left join {{ ref('ledger__fiscal_periods') }} as fiscal
  on
    coalesce(legal_entity.legal_entity_id, 'none') = fiscal.legal_entity_id
    and joined.occurred_month = fiscal.month_start_date
