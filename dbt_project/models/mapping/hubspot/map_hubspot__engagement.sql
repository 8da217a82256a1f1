with won as (
  -- Stages and their meaning are the portal's own, so won is what the stage says, not how it is called.
  select
    history.deal_id,
    min(history.entered_at) as closed_won_at
  from {{ ref('stg_hubspot__deal_stage_history') }} as history
  inner join {{ ref('stg_hubspot__deal_stages') }} as stage
    on history.stage_id = stage.stage_id
  inner join {{ ref('stg_hubspot__deals') }} as deal
    on history.deal_id = deal.deal_id
  where stage.is_closed and stage.probability = 1 and not deal.is_deleted
  group by history.deal_id
),

company as (
  {{ hubspot_associated('statement_of_work', 'company') }}
),

sold_by as (
  {{ hubspot_associated('statement_of_work', 'deal') }}
)

select
  sow.statement_of_work_id as source_id,
  cast(sow.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  sow.is_deleted,
  company.to_id as customer_source_id,
  sow.erp_legal_entity_id as legal_entity_ref,
  sold_by.to_id as opportunity_source_id,
  -- The amount stands beside the statement's currency; an amount in another one would be a wrong number there.
  cast(
    case
      when
        coalesce(deal.currency_code, account.company_currency) = coalesce(sow.currency_code, account.company_currency)
        then deal.amount
    end as decimal(18, 4)
  ) as opportunity_amount,
  cast(won.closed_won_at as {{ dbt.type_timestamp() }}) as closed_won_at,
  sow.name,
  coalesce(sow.currency_code, account.company_currency) as currency,
  case lower(trim(sow.status))
    when 'draft' then 'draft'
    when 'in_approval' then 'draft'
    when 'signed' then 'active'
    when 'active' then 'active'
    when 'closed' then 'closed'
    when 'completed' then 'closed'
    when 'expired' then 'closed'
    when 'terminated' then 'closed'
    else 'unknown'
  end as status,
  sow.signed_date,
  sow.start_date,
  sow.end_date,
  sow.po_expiration_date as po_expires_date,
  cast(sow.cap_amount as decimal(18, 4)) as cap_amount
from {{ ref('stg_hubspot__statements_of_work') }} as sow
left join company
  on sow.statement_of_work_id = company.from_id and (not company.is_deleted or sow.is_deleted)
left join sold_by
  on sow.statement_of_work_id = sold_by.from_id and (not sold_by.is_deleted or sow.is_deleted)
left join {{ ref('stg_hubspot__deals') }} as deal
  on sold_by.to_id = deal.deal_id
left join won
  on sold_by.to_id = won.deal_id
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
