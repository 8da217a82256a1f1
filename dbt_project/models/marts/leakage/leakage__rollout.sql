with places as (
  select
    legal_entity_id,
    country
  from {{ ref('legal_entity') }}
  where not is_deleted
  union all
  -- What hangs on no legal entity follows the rows of the firm.
  select
    cast(null as {{ dbt.type_string() }}) as legal_entity_id,
    cast(null as {{ dbt.type_string() }}) as country
),

applicable as (
  select
    detector.detector_id,
    places.legal_entity_id,
    rollout.stage,
    rollout.valid_from,
    row_number() over (
      partition by detector.detector_id, places.legal_entity_id
      order by
        case rollout.scope_type when 'legal_entity' then 0 when 'country' then 1 else 2 end asc nulls last,
        rollout.detector_id asc nulls last,
        rollout.valid_from desc nulls last
    ) as preference
  from {{ ref('detectors') }} as detector
  cross join places
  inner join {{ ref('rollout') }} as rollout
    on
      (rollout.detector_id is null or rollout.detector_id = detector.detector_id)
      and (
        rollout.scope_type = 'global'
        or (rollout.scope_type = 'country' and rollout.scope_id = places.country)
        or (rollout.scope_type = 'legal_entity' and rollout.scope_id = places.legal_entity_id)
      )
  where
    detector.detector_id is not null
    and rollout.valid_from <= {{ as_of_date() }}
    and (rollout.valid_to is null or rollout.valid_to > {{ as_of_date() }})
)

select
  {{ dbt.hash("detector_id || '|' || coalesce(legal_entity_id, 'none')") }} as rollout_id,
  detector_id,
  legal_entity_id,
  stage,
  valid_from as since_date,
  stage = 'live' as is_live
from applicable
where preference = 1
