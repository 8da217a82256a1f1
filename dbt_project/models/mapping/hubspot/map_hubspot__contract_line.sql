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
        'as_invoiced', 'cost_to_cost', 'labour_hours', 'milestone_output', 'straight_line', 'point_in_time'
      )
      then lower(trim(line.rev_rec_method))
    else 'unknown'
  end as revrec_method,
  cast(line.estimate_at_completion as decimal(18, 4)) as estimate_at_completion_amount,
  line.start_date,
  line.end_date,
  line.final_invoice_date
from {{ ref('stg_hubspot__sow_lines') }} as line
left join statement_of_work
  on line.sow_line_id = statement_of_work.from_id and (not statement_of_work.is_deleted or line.is_deleted)
left join agreed_card
  on line.sow_line_id = agreed_card.from_id and (not agreed_card.is_deleted or line.is_deleted)
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
