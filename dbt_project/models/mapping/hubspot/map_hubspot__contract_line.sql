with statement_of_work as (
  {{ hubspot_associated('sow_line', 'statement_of_work') }}
),

agreed_card as (
  {{ hubspot_associated('sow_line', 'rate_card', label='Agreed rates') }}
)

select
  line.sow_line_id as source_id,
  cast(line.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  line.is_deleted,
  statement_of_work.to_id as engagement_source_id,
  line.name,
  case lower(trim(line.billing_method))
    when 'time_and_materials' then 'tm'
    when 'time_and_materials_capped' then 'tm_cap'
    when 'fixed_price_milestone' then 'fixed_milestone'
    when 'fixed_price_progress' then 'fixed_progress'
    when 'retainer' then 'retainer'
    when 'subscription' then 'subscription'
    when 'cost_plus' then 'cost_plus'
    when 'non_billable' then 'non_billable'
    else 'unknown'
  end as billing_method,
  coalesce(line.currency_code, account.company_currency) as currency,
  cast(line.amount as decimal(18, 4)) as contract_amount,
  cast(line.cap_amount as decimal(18, 4)) as cap_amount,
  cast(coalesce(line.discount_percent, 0) as decimal(9, 4)) as discount_pct,
  agreed_card.to_id as rate_card_source_id,
  line.erp_billing_calendar_id as billing_calendar_ref,
  case
    when line.passthrough_basis is null then null
    when lower(trim(line.passthrough_basis)) in ('cost_plus', 'time_at_rate', 'none') then lower(trim(line.passthrough_basis))
    else 'unknown'
  end as passthrough_basis,
  cast(coalesce(line.passthrough_markup_percent, 0) as decimal(9, 4)) as passthrough_markup_pct,
  case
    when line.expense_policy is null then null
    when lower(trim(line.expense_policy)) in ('at_cost', 'markup', 'inclusive', 'non_billable')
      then lower(trim(line.expense_policy))
    else 'unknown'
  end as expense_policy,
  cast(coalesce(line.expense_markup_percent, 0) as decimal(9, 4)) as expense_markup_pct,
  cast(line.expense_cap_amount as decimal(18, 4)) as expense_cap_amount,
  line.expense_categories,
  coalesce(line.is_no_charge, false) as is_no_charge,
  case
    when line.rev_rec_method is null then null
    when
      lower(trim(line.rev_rec_method)) in (
        'as_invoiced', 'cost_to_cost', 'labour_hours', 'milestone_output', 'straight_line', 'point_in_time',
        'prepaid_drawdown'
      )
      then lower(trim(line.rev_rec_method))
    else 'unknown'
  end as revrec_method,
  cast(line.estimate_at_completion as decimal(18, 4)) as estimate_at_completion_amount,
  line.start_date,
  line.end_date,
  line.final_invoice_date,
  line.discount_end_date,
  -- Typed by hand: blanks mean nothing.
  nullif(replace(line.discount_tiers, ' ', ''), '') as discount_tiers,
  case
    when nullif(replace(line.discount_tiers, ' ', ''), '') is null or line.tier_mode is null then null
    when lower(trim(line.tier_mode)) in ('incremental', 'retroactive') then lower(trim(line.tier_mode))
    else 'unknown'
  end as tier_mode,
  cast(line.uplift_percent as decimal(9, 4)) as uplift_pct,
  line.uplift_date,
  line.uplift_notice_due_date,
  line.uplift_notice_date,
  cast(line.minimum_commitment as decimal(18, 4)) as min_commitment_amount,
  case
    when line.minimum_commitment is null or line.minimum_commitment_period is null then null
    when lower(trim(line.minimum_commitment_period)) = 'monthly' then 'month'
    when lower(trim(line.minimum_commitment_period)) = 'quarterly' then 'quarter'
    when lower(trim(line.minimum_commitment_period)) = 'annually' then 'year'
    else 'unknown'
  end as min_commitment_period,
  cast(line.retainage_percent as decimal(9, 4)) as retainage_pct,
  line.retainage_release_date,
  cast(line.overage_rate as decimal(18, 6)) as overage_rate,
  cast(line.late_fee_percent as decimal(9, 4)) as late_fee_pct,
  cast(line.estimated_hours as decimal(9, 4)) as estimated_hours
from {{ ref('stg_hubspot__sow_lines') }} as line
left join statement_of_work
  on line.sow_line_id = statement_of_work.from_id and (not statement_of_work.is_deleted or line.is_deleted)
left join agreed_card
  on line.sow_line_id = agreed_card.from_id and (not agreed_card.is_deleted or line.is_deleted)
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
