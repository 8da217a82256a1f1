select
  membership.rate_card_set_junction_id as source_id,
  greatest(membership.system_modstamp, card.system_modstamp) as source_updated_at,
  membership.is_deleted or card.is_deleted or coalesce(card_set.is_deleted, false) as is_deleted,
  membership.rate_card_set_id as rate_card_source_id,
  card.role,
  lower(trim(person.email)) as resource_ref,
  card.bill_rate as hourly_rate,
  card.start_date as valid_from_date,
  -- The end date is the last day on which the rate is valid.
  cast({{ dbt.dateadd('day', 1, 'card.end_date') }} as date) as valid_to_date
from {{ ref('stg_certinia__rate_card_set_junctions') }} as membership
inner join {{ ref('stg_certinia__rate_cards') }} as card
  on membership.rate_card_id = card.rate_card_id
left join {{ ref('stg_certinia__rate_card_sets') }} as card_set
  on membership.rate_card_set_id = card_set.rate_card_set_id
left join {{ ref('stg_certinia__resources') }} as person
  on card.resource_id = person.resource_id
