-- (Step 1/2) One piece of work that was entered on a project and again on its duplicate: same person, day and hours. Two entries
-- of the same length on one project may be two pieces of work, so the first repeats the first, the second the second.
with pairs as (
  select
    pair.project_id,
    coalesce(earlier.original_project_id, pair.original_project_id) as root_project_id
  from {{ ref('ledger__duplicate_projects') }} as pair
  left join {{ ref('ledger__duplicate_projects') }} as earlier on pair.original_project_id = earlier.project_id
),

members as (
  select
    project_id,
    root_project_id
  from pairs
  union
  select
    pairs.root_project_id as project_id,
    pairs.root_project_id
  from pairs
  left join pairs as above on pairs.root_project_id = above.project_id
  where above.project_id is null
),

entries as (
  select
    entry.time_entry_id,
    project.effective_project_id as project_id,
    entry.contract_line_id,
    entry.resource_id,
    entry.work_date,
    entry.hours
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('project') }} as project on entry.project_id = project.project_id
  where
    not entry.is_deleted
    and entry.status in ('submitted', 'approved')
    and coalesce(entry.is_billable, true)
    and entry.hours > 0
    and entry.resource_id is not null
    and entry.work_date <= {{ as_of_date() }}
),

numbered as (
  select
    entry.time_entry_id,
    members.project_id,
    members.root_project_id,
    entry.resource_id,
    entry.work_date,
    entry.hours,
    row_number() over (
      partition by members.project_id, entry.resource_id, entry.work_date, entry.hours
      order by entry.time_entry_id asc nulls last
    ) as piece_number
  from entries as entry
  inner join members on entry.project_id = members.project_id
),

grouped as (
  select
    time_entry_id,
    {% set work = 'partition by root_project_id, resource_id, work_date, hours, piece_number' %}
    {% set order_in_work %}
      order by
        case when project_id = root_project_id then 0 else 1 end asc nulls last,
        project_id asc nulls last,
        time_entry_id asc nulls last
    {% endset %}
    first_value(time_entry_id) over ({{ work }} {{ order_in_work }}) as first_entry_id,
    row_number() over ({{ work }} {{ order_in_work }}) as entry_number,
    count(*) over ({{ work }}) as entry_count
  from numbered
),

on_duplicates as (
  select
    time_entry_id,
    first_entry_id,
    entry_number
  from grouped
  where entry_count > 1
),

-- (Step 2/2) Equal entries of one person and day on one contract line are pieces of work only as far as a day has room for them.
equal as (
  select
    entry.time_entry_id,
    entry.hours,
    {% set alike = 'partition by entry.contract_line_id, entry.resource_id, entry.work_date, entry.hours' %}
    first_value(entry.time_entry_id) over ({{ alike }} order by entry.time_entry_id asc nulls last) as first_entry_id,
    row_number() over ({{ alike }} order by entry.time_entry_id asc nulls last) as place,
    count(*) over ({{ alike }}) as entry_count
  from entries as entry
  left join on_duplicates on entry.time_entry_id = on_duplicates.time_entry_id
  where entry.contract_line_id is not null and on_duplicates.time_entry_id is null
),

beyond_the_day as (
  select
    equal.time_entry_id,
    equal.first_entry_id,
    row_number() over (partition by equal.first_entry_id order by equal.place asc nulls last) as entry_number
  from equal
  where
    -- The first of those that have no room repeats the first of all.
    (equal.place = 1 and equal.entry_count * equal.hours > {{ global_policy('longest_day') }} and equal.entry_count > 1)
    or (equal.place > 1 and equal.place * equal.hours > {{ global_policy('longest_day') }})
)

select
  time_entry_id,
  first_entry_id,
  cast(entry_number as int) as entry_number
from on_duplicates
union all
select
  time_entry_id,
  first_entry_id,
  cast(entry_number as int) as entry_number
from beyond_the_day
