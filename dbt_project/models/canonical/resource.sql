with ranked as (
  select
    source.*,
    -- The HR system is the record of people; the PSA's users stand in where no HR system is connected.
    row_number() over (
      partition by lower(coalesce(source.email, source.source_id))
      order by case when source.source_domain = 'hr' then 0 else 1 end asc nulls last, source.source_id asc nulls last
    ) as preference
  from ({{ union_mapped('resource') }}) as source
)

select
  {{ entity_id('ranked.source_system', 'ranked.source_id') }} as resource_id,
  ranked.name,
  lower(ranked.email) as email,
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
