with sow_line as (
  {{ hubspot_associated('rate_card', 'sow_line', label='Applies to') }}
),

statement_of_work as (
  {{ hubspot_associated('rate_card', 'statement_of_work') }}
),

company as (
  {{ hubspot_associated('rate_card', 'company') }}
)

select
  card.rate_card_id as source_id,
  cast(card.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  card.is_deleted,
  card.name,
  'agreed' as origin,
  case lower(trim(card.scope))
    when 'sow_line' then 'contract_line'
    when 'statement_of_work' then 'contract'
    when 'company' then 'customer'
    when 'standard' then 'standard'
    else 'unknown'
  end as scope_type,
  -- The scope decides which association counts; others may be there for the sake of a list on the record's page.
  case lower(trim(card.scope))
    when 'sow_line' then sow_line.to_id
    when 'statement_of_work' then statement_of_work.to_id
    when 'company' then company.to_id
  end as scope_ref,
  coalesce(card.currency_code, account.company_currency) as currency,
  cast(card.created_at as {{ dbt.type_timestamp() }}) as created_at
from {{ ref('stg_hubspot__rate_cards') }} as card
left join sow_line
  on card.rate_card_id = sow_line.from_id and (not sow_line.is_deleted or card.is_deleted)
left join statement_of_work
  on card.rate_card_id = statement_of_work.from_id and (not statement_of_work.is_deleted or card.is_deleted)
left join company
  on card.rate_card_id = company.from_id and (not company.is_deleted or card.is_deleted)
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
