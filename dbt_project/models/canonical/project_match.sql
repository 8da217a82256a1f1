with writings as (
  select *
  from {{ ref('project_writing') }}
),

-- A code that living projects carry is theirs; of projects merged into one, the one that stands for them has it.
coded as (
  select
    project_id,
    effective_project_id,
    project_code,
    min(case when is_deleted then 1 else 0 end) over (partition by project_code) as are_all_deleted,
    row_number() over (
      partition by project_code, effective_project_id
      order by
        case when is_deleted then 1 else 0 end asc nulls last,
        case when project_id = effective_project_id then 0 else 1 end asc nulls last,
        project_id asc nulls last
    ) as preference,
    is_deleted
  from {{ ref('project') }}
  where project_code is not null
),

own_keys as (
  -- Expense and procurement systems know projects by code; only what is no code can be an id.
  select source_system, project_ref as source_id, project_ref as own_group, 'reference' as rule, project_ref as match_key
  from writings
  where source_domain not in ('expense', 'procurement')

  union all

  select source_system, project_ref as source_id, project_ref as own_group, 'project_code' as rule, project_ref as match_key
  from writings

  union all

  select
    source_system, project_ref as source_id, {{ normalised_code('project_ref') }} as own_group,
    'project_code_spelling' as rule, {{ normalised_code('project_ref') }} as match_key
  from writings
  where {{ normalised_code('project_ref') }} is not null

  union all

  select
    source_system, project_ref as source_id, {{ normalised_name('project_ref') }} as own_group, 'name_customer' as rule,
    {{ normalised_name('project_ref') }} || ', ' || customer_id as match_key
  from writings
  where {{ normalised_name('project_ref') }} is not null and customer_id is not null

  union all

  select
    source_system, project_ref as source_id, {{ normalised_name('project_ref') }} as own_group, 'name' as rule,
    {{ normalised_name('project_ref') }} as match_key
  from writings
  where {{ normalised_name('project_ref') }} is not null
),

target_keys as (
  select project_id as target_id, 'reference' as rule, source_id as match_key
  from {{ ref('project') }}

  union all

  select project_id as target_id, 'project_code' as rule, project_code as match_key
  from coded
  where preference = 1 and (not is_deleted or are_all_deleted = 1)

  union all

  select project_id as target_id, 'project_code_spelling' as rule, {{ normalised_code('project_code') }} as match_key
  from coded
  where preference = 1 and not is_deleted

  union all

  select project_id as target_id, 'name_customer' as rule, {{ normalised_name('name') }} || ', ' || customer_id as match_key
  from {{ ref('project') }}
  where not is_deleted and project_id = effective_project_id

  union all

  select project_id as target_id, 'name' as rule, {{ normalised_name('name') }} as match_key
  from {{ ref('project') }}
  where not is_deleted and project_id = effective_project_id
),

target_records as (
  select source_system, source_id, project_id as target_id
  from {{ ref('project') }}
),

{{ identity_pairs('project') }},

-- Names alike of projects of other customers or of another time.
contradictions as (
  select
    named.source_system,
    named.source_id,
    named.target_id,
    named.rule
  from named
  inner join writings on named.source_system = writings.source_system and named.source_id = writings.project_ref
  inner join {{ ref('project') }} as project on named.target_id = project.project_id
  where
    named.rule in ('name_customer', 'name')
    and (
      writings.customer_id <> project.customer_id
      or writings.to_date < project.start_date
      or writings.from_date > project.end_date
    )
),

{{ identity_choice(one_to_one=false) }}

select
  {{ entity_id('source_system', 'source_id') }} || ' = ' || target_id || ', ' || rule as project_match_id,
  source_system,
  source_id,
  target_id,
  rule,
  confidence,
  matched_on,
  is_contradicted,
  is_chosen
from candidates
