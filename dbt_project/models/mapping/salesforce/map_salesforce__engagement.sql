with won as (
  -- Stages and their meaning are the org's own, so won is what the stage says, not how it is called.
  select
    history.opportunity_id,
    min(history.created_at) as closed_won_at
  from {{ ref('stg_salesforce__opportunity_history') }} as history
  inner join {{ ref('stg_salesforce__opportunity_stages') }} as stage
    on history.stage_name = stage.stage_name
  where stage.is_won and not history.is_deleted
  group by history.opportunity_id
)

select
  contract.contract_id as source_id,
  cast(contract.system_modstamp as {{ dbt.type_timestamp() }}) as source_updated_at,
  contract.is_deleted,
  contract.account_id as customer_source_id,
  contract.erp_legal_entity_id as legal_entity_ref,
  contract.opportunity_id as opportunity_source_id,
  -- The amount stands beside the contract's currency; an amount in another one would be a wrong number there.
  cast(
    case
      when
        coalesce(opportunity.currency_iso_code, organization.default_currency_iso_code)
        = coalesce(contract.currency_iso_code, organization.default_currency_iso_code)
        then opportunity.amount
    end as decimal(18, 4)
  ) as opportunity_amount,
  cast(won.closed_won_at as {{ dbt.type_timestamp() }}) as closed_won_at,
  contract.name,
  coalesce(contract.currency_iso_code, organization.default_currency_iso_code) as currency,
  case lower(trim(contract.status))
    when 'draft' then 'draft'
    when 'in approval process' then 'draft'
    when 'activated' then 'active'
    when 'closed' then 'closed'
    when 'completed' then 'closed'
    when 'expired' then 'closed'
    when 'terminated' then 'closed'
    else 'unknown'
  end as status,
  contract.customer_signed_date as signed_date,
  contract.start_date,
  contract.end_date,
  contract.po_expiration_date as po_expires_date,
  cast(contract.cap_amount as decimal(18, 4)) as cap_amount
from {{ ref('stg_salesforce__contracts') }} as contract
left join {{ ref('stg_salesforce__opportunities') }} as opportunity
  on contract.opportunity_id = opportunity.opportunity_id
left join won
  on contract.opportunity_id = won.opportunity_id
left join {{ ref('stg_salesforce__organization') }} as organization
  on not organization.is_deleted
