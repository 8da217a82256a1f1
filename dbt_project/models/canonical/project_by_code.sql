with ranked as (
  select
    project_code,
    project_id,
    row_number() over (
      partition by project_code
      order by
        case when is_deleted then 1 else 0 end asc nulls last,
        case when project_id = effective_project_id then 0 else 1 end asc nulls last,
        project_id asc nulls last
    ) as preference
  from {{ ref('project') }}
  where project_code is not null
)

select
  project_code,
  project_id
from ranked
where preference = 1
