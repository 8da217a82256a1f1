with ranked as (
  select
    source.*,
    -- The ledger's system is the record of companies. HR's company carries the ledger's id of it, and stands in only
    -- where no ledger knows that id.
    row_number() over (
      partition by source.source_id
      order by case when source.source_domain = 'erp' then 0 else 1 end asc nulls last, source.source_system asc nulls last
    ) as preference
  from ({{ union_mapped('legal_entity') }}) as source
)

select
  {{ entity_id('source_system', 'source_id') }} as legal_entity_id,
  name,
  currency,
  country,
  {{ known_time_zone('time_zone') }} as time_zone,
  case when parent_source_id is not null then {{ entity_id('source_system', 'parent_source_id') }} end as parent_legal_entity_id,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ranked
where preference = 1
