with ranked as (
  select
    record.*,
    coalesce(matched.target_id, record.person_id) as resource_id,
    -- The HR system is the record of people; the PSA's users stand in where no HR system is connected.
    row_number() over (
      partition by coalesce(matched.target_id, record.person_id)
      order by case when record.is_anchor then 0 else 1 end asc nulls last, record.source_id asc nulls last
    ) as preference
  from {{ ref('resource_record') }} as record
  left join {{ ref('resource_match') }} as matched
    on matched.is_chosen and record.source_system = matched.source_system and record.source_id = matched.source_id
)

select
  ranked.resource_id,
  ranked.name,
  ranked.email,
  ranked.role,
  ranked.resource_type,
  ranked.cost_rate,
  ranked.cost_currency,
  legal_entity.legal_entity_id,
  ranked.source_system,
  ranked.source_id,
  ranked.source_updated_at,
  ranked.is_deleted
from ranked
left join {{ ref('legal_entity') }} as legal_entity
  on ranked.legal_entity_ref = legal_entity.source_id
where ranked.preference = 1
