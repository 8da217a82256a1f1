with scope as (
  {{ kantata_references('RateCard', ['contract_line', 'contract', 'customer']) }}
)

select
  card.rate_card_id as source_id,
  card.updated_at as source_updated_at,
  card.is_deleted or card_set.is_deleted as is_deleted,
  card_set.title as name,
  'applied' as origin,
  case
    when scope.has_contract_line then 'contract_line'
    when scope.has_contract then 'contract'
    when scope.has_customer then 'customer'
    when card_set.is_account_default then 'standard'
    else 'unknown'
  end as scope_type,
  case
    when scope.has_contract_line then scope.contract_line
    when scope.has_contract then scope.contract
    when scope.has_customer then scope.customer
  end as scope_ref,
  card.currency,
  card.created_at
from {{ ref('stg_kantata__rate_cards') }} as card
inner join {{ ref('stg_kantata__rate_card_sets') }} as card_set
  on card.rate_card_set_id = card_set.rate_card_set_id
left join scope
  on card.rate_card_id = scope.subject_id
