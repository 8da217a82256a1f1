select
  card_set.rate_card_set_id as source_id,
  card_set.system_modstamp as source_updated_at,
  card_set.is_deleted,
  card_set.name,
  'applied' as origin,
  case lower(trim(card_set.scope))
    when 'contract line' then 'contract_line'
    when 'contract' then 'contract'
    when 'account' then 'customer'
    when 'standard' then 'standard'
    else 'unknown'
  end as scope_type,
  case when lower(trim(card_set.scope)) in ('contract line', 'contract', 'account') then card_set.crm_scope_id end as scope_ref,
  coalesce(card_set.currency_iso_code, organization.default_currency_iso_code) as currency,
  card_set.created_at
from {{ ref('stg_certinia__rate_card_sets') }} as card_set
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
