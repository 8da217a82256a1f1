-- Attempts to create a project that is there already, as the integration logs them, and the duplicates that exist.
with attempts as (
  select
    sync_event_id,
    record_ref,
    to_domain,
    status,
    error_class,
    occurred_at,
    coalesce(
      sum(case when status = 'succeeded' then 1 else 0 end) over (
        partition by record_ref, to_domain
        order by occurred_at asc nulls last, attempt asc nulls last, sync_event_id asc nulls last
        rows between unbounded preceding and 1 preceding
      ), 0
    ) > 0 as is_there_already
  from {{ ref('sync_event') }}
  where record_type = 'project' and not is_deleted and occurred_at < {{ as_of_moment() }}
),

projects as (
  select
    source_id,
    min(project_id) as project_id,
    min(name) as name
  from {{ ref('project') }}
  group by source_id
  having count(*) = 1
)

select
  attempts.sync_event_id as duplicate_project_id,
  {{ as_of_date() }} as as_of_date,
  case when attempts.status = 'succeeded' then 'sent_again' else 'prevented' end as outcome,
  attempts.occurred_at,
  projects.project_id,
  projects.name as project_name,
  projects.project_id as original_project_id,
  projects.name as original_project_name,
  attempts.to_domain,
  coalesce(attempts.error_class, attempts.status) as reason
from attempts
left join projects on attempts.record_ref = projects.source_id
where attempts.is_there_already or lower(coalesce(attempts.error_class, '')) like '%duplicate%'

union all

select
  pair.project_id as duplicate_project_id,
  {{ as_of_date() }} as as_of_date,
  'created' as outcome,
  project.created_at as occurred_at,
  pair.project_id,
  project.name as project_name,
  pair.original_project_id,
  original.name as original_project_name,
  'psa' as to_domain,
  pair.reason
from {{ ref('ledger__duplicate_projects') }} as pair
inner join {{ ref('project') }} as project on pair.project_id = project.project_id
inner join {{ ref('project') }} as original on pair.original_project_id = original.project_id
