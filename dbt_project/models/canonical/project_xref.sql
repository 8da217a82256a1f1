-- Which project a system means: by its own record, or by the id, code or text that it writes on something else.
with refs as (
  select
    written.source_domain,
    written.source_system,
    written.project_ref as source_id
  from {{ ref('project_writing') }} as written
  left join {{ ref('project') }} as project
    on written.source_system = project.source_system and written.project_ref = project.source_id
  where project.project_id is null
),

open_ones as (
  {{ open_candidates(ref('project_match')) }}
)

select
  project_id as source_project_id,
  'psa' as source_domain,
  source_system,
  source_id,
  'record' as identifier_type,
  project_id,
  effective_project_id,
  case when project_id <> effective_project_id then 'merged' else 'own' end as match_method,
  'high' as confidence,
  cast(null as {{ dbt.type_string() }}) as matched_on,
  cast(null as {{ dbt.type_string() }}) as candidates,
  case when is_merge_unresolved then 'merge_circle' end as unmatched_reason
from {{ ref('project') }}

union all

select
  {{ entity_id('refs.source_system', 'refs.source_id') }} as source_project_id,
  refs.source_domain,
  refs.source_system,
  refs.source_id,
  'reference' as identifier_type,
  project.project_id,
  project.effective_project_id,
  coalesce(matched.rule, 'unmatched') as match_method,
  matched.confidence,
  matched.matched_on,
  case when matched.rule is null then open_ones.candidates end as candidates,
  case when matched.rule is null then coalesce(open_ones.unmatched_reason, 'no_candidate') end as unmatched_reason
from refs
left join {{ ref('project_match') }} as matched
  on matched.is_chosen and refs.source_system = matched.source_system and refs.source_id = matched.source_id
left join {{ ref('project') }} as project
  on matched.target_id = project.project_id
left join open_ones
  on refs.source_system = open_ones.source_system and refs.source_id = open_ones.source_id
