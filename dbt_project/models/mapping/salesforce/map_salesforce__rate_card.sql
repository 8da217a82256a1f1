select
  card.rate_card_id as source_id,
  cast(card.system_modstamp as {{ dbt.type_timestamp() }}) as source_updated_at,
  card.is_deleted,
  card.name,
  'agreed' as origin,
  case lower(trim(card.scope))
    when 'sow line' then 'contract_line'
    when 'contract' then 'contract'
    when 'account' then 'customer'
    when 'standard' then 'standard'
    else 'unknown'
  end as scope_type,
  -- The scope decides which lookup counts; the others may be filled for the sake of a related list.
  case lower(trim(card.scope))
    when 'sow line' then card.sow_line_id
    when 'contract' then card.contract_id
    when 'account' then card.account_id
  end as scope_ref,
  coalesce(card.currency_iso_code, organization.default_currency_iso_code) as currency,
  cast(card.created_at as {{ dbt.type_timestamp() }}) as created_at
from {{ ref('stg_salesforce__rate_cards') }} as card
left join {{ ref('stg_salesforce__organization') }} as organization
  on not organization.is_deleted
