-- Two active projects for one and the same work: phases have a parent or a contract line of their own.
with active as (
  select
    project.project_id,
    project.customer_id,
    project.contract_line_id,
    project.engagement_id,
    project.parent_project_id,
    project.created_at,
    coalesce(project.start_date, cast('2018-01-01' as date)) as start_date,
    coalesce(project.end_date, cast('9999-12-31' as date)) as end_date,
    -- Names are alike whatever their case, spacing and signs, and with the "copy" that systems add.
    replace(
      case
        when {{ normalised_name('project.name') }} like '% copy'
          then substr({{ normalised_name('project.name') }}, 1, length({{ normalised_name('project.name') }}) - 5)
        when {{ normalised_name('project.name') }} like 'copy of %' then substr({{ normalised_name('project.name') }}, 9)
        else {{ normalised_name('project.name') }}
      end,
      ' ', ''
    ) as plain_name
  from {{ ref('project') }} as project
  where
    not project.is_deleted
    and project.project_type = 'billable'
    and project.status = 'active'
    and project.project_id = project.effective_project_id
    and (project.created_at is null or project.created_at < {{ as_of_moment() }})
),

pairs as (
  select
    later.project_id,
    earlier.project_id as original_project_id,
    case when later.contract_line_id = earlier.contract_line_id then 'same_contract_line' else 'same_name' end as reason,
    row_number() over (
      partition by later.project_id
      order by earlier.created_at asc nulls last, earlier.project_id asc nulls last
    ) as preference
  from active as later
  inner join active as earlier
    on
      later.project_id <> earlier.project_id
      and (
        later.created_at > earlier.created_at
        or (coalesce(later.created_at = earlier.created_at, true) and later.project_id > earlier.project_id)
      )
      and later.start_date <= earlier.end_date
      and earlier.start_date <= later.end_date
      and (
        later.contract_line_id = earlier.contract_line_id
        or (
          later.customer_id = earlier.customer_id
          and later.plain_name = earlier.plain_name
          and (later.contract_line_id is null or earlier.contract_line_id is null)
        )
      )
  -- A project that says what it is a phase of is no duplicate, nor is the one that an earlier phase belongs to.
  where
    later.parent_project_id is null
    and coalesce(earlier.parent_project_id, '') <> later.project_id
)

select
  project_id,
  original_project_id,
  reason
from pairs
where preference = 1
