with ranked as (
  select
    item_id,
    category,
    verdict,
    reason,
    row_number() over (
      partition by item_id
      order by
        case
          when verdict in ('at_risk', 'confirmed_loss') then 0
          when verdict = 'indeterminate' then 1
          when verdict = 'not_yet_due' then 2
          else 3
        end asc nulls last,
        claim_sequence asc nulls last
    ) as preference
  from {{ ref('ledger__item_claims') }}
),

judged as (
  select
    item.*,
    ranked.category,
    ranked.verdict,
    ranked.reason
  from {{ ref('ledger__open_items') }} as item
  left join ranked on item.item_id = ranked.item_id and ranked.preference = 1
)

select
  item_id,
  item_type,
  source_system,
  source_id,
  engagement_id,
  engagement_id as correlation_id,
  contract_line_id,
  customer_id,
  project_id,
  resource_id,
  service_date,
  submitted_date,
  approved_date,
  expected_invoice_date,
  days_past,
  status,
  case
    when status in ('draft', 'not_accepted') then 'captured'
    when status = 'submitted' then 'submitted'
    when not_judged_reason in ('missing_rate', 'rate_card_overlap') then 'approved'
    when billed_amount > 0 and underpriced_amount <= tolerance_amount then 'billed'
    when billed_amount > 0 then 'posted'
    else 'rated'
  end as gate,
  case
    when verdict in ('at_risk', 'confirmed_loss', 'indeterminate') then verdict
    -- A supplier's credit note is passed on with the invoice that is due next, not before.
    when
      overbilled_amount > tolerance_amount
      and entitled_amount < 0
      and (status <> 'approved' or not is_past_due)
      then 'not_yet_due'
    when overbilled_amount > tolerance_amount then 'overbilling'
    when verdict = 'not_yet_due' then verdict
    when verdict = 'not_leakage' and reason <> 'rounding' and billed_amount = 0 then verdict
    when verdict = 'not_leakage' and reason = 'over_cap' then verdict
    else 'billed'
  end as verdict,
  category,
  reason,
  causes,
  quantity,
  unit_rate,
  rate_card_line_id,
  entitled_amount,
  billed_amount,
  concession_amount,
  overbilled_amount,
  open_amount,
  currency,
  transaction_amount,
  transaction_currency,
  fx_rate_type,
  fx_rate_date,
  fx_rate,
  is_fx_inverse,
  billed_quantity,
  allocation_count,
  last_posted_date,
  billing_deadline,
  carry_rate,
  {{ as_of_date() }} as as_of_date
from judged
