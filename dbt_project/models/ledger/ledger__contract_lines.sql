with items as (
  select
    contract_line_id,
    currency,
    cast(count(*) as int) as item_count,
    sum(entitled_amount) as entitled_amount,
    sum(case when entitled_amount is not null then billed_amount else 0 end) as billed_amount,
    sum(case when entitled_amount is not null then concession_amount else 0 end) as concession_amount,
    sum(case when entitled_amount is not null then overbilled_amount else 0 end) as overbilled_amount,
    sum(case when entitled_amount is null then 1 else 0 end) as unpriced_item_count
  from {{ ref('ledger__items') }}
  group by contract_line_id, currency
),

claims as (
  select
    contract_line_id,
    currency,
    sum(case when verdict = 'not_yet_due' then amount else 0 end) as not_yet_due_amount,
    sum(case when verdict = 'at_risk' then amount else 0 end) as at_risk_amount,
    sum(case when verdict = 'confirmed_loss' then amount else 0 end) as confirmed_loss_amount,
    sum(case when verdict = 'indeterminate' then coalesce(amount, 0) else 0 end) as indeterminate_amount,
    sum(case when verdict = 'not_leakage' then amount else 0 end) as not_leakage_amount
  from {{ ref('ledger__item_claims') }}
  group by contract_line_id, currency
)

select
  coalesce(items.contract_line_id, 'none') || '|' || coalesce(items.currency, 'none') as ledger_contract_line_id,
  items.contract_line_id,
  items.currency,
  items.item_count,
  cast(items.unpriced_item_count as int) as unpriced_item_count,
  cast(coalesce(items.entitled_amount, 0) as decimal(18, 4)) as entitled_amount,
  cast(items.billed_amount as decimal(18, 4)) as billed_amount,
  cast(items.concession_amount as decimal(18, 4)) as concession_amount,
  cast(coalesce(claims.not_yet_due_amount, 0) as decimal(18, 4)) as not_yet_due_amount,
  cast(coalesce(claims.at_risk_amount, 0) as decimal(18, 4)) as at_risk_amount,
  cast(coalesce(claims.confirmed_loss_amount, 0) as decimal(18, 4)) as confirmed_loss_amount,
  cast(coalesce(claims.indeterminate_amount, 0) as decimal(18, 4)) as indeterminate_amount,
  cast(coalesce(claims.not_leakage_amount, 0) as decimal(18, 4)) as not_leakage_amount,
  cast(items.overbilled_amount as decimal(18, 4)) as overbilled_amount,
  cast(
    coalesce(items.entitled_amount, 0) + items.overbilled_amount - items.billed_amount - items.concession_amount
    - coalesce(claims.not_yet_due_amount, 0) - coalesce(claims.at_risk_amount, 0)
    - coalesce(claims.confirmed_loss_amount, 0) - coalesce(claims.indeterminate_amount, 0)
    - coalesce(claims.not_leakage_amount, 0) as decimal(18, 4)
  ) as residual_amount,
  {{ as_of_date() }} as as_of_date
from items
left join claims
  on
    coalesce(items.contract_line_id, 'none') = coalesce(claims.contract_line_id, 'none')
    and coalesce(items.currency, 'none') = coalesce(claims.currency, 'none')
