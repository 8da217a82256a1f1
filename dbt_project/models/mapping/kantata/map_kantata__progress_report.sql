with field as (
  {{ kantata_custom_fields('Story', {
    'progress_reported_on': 'value_text', 'accepted_on': 'value_text', 'exact_percent': 'value_text'},
    owner=['stg_kantata__stories', 'story_id']) }}
),

reference as (
  {{ kantata_references('Story', ['contract_line'], owner=['stg_kantata__stories', 'story_id']) }}
),

project_reference as (
  {{ kantata_references('Workspace', ['contract_line']) }}
)

select
  story.story_id as source_id,
  story.updated_at as source_updated_at,
  story.is_deleted,
  coalesce(reference.contract_line, project_reference.contract_line) as contract_line_ref,
  story.workspace_id as project_source_id,
  cast(field.progress_reported_on as date) as reported_date,
  cast(nullif(field.accepted_on, '') as date) as accepted_date,
  -- A task completes in whole percent.
  coalesce(cast(nullif(field.exact_percent, '') as decimal(9, 4)), story.percentage_complete) as completed_pct
from {{ ref('stg_kantata__stories') }} as story
inner join field
  on story.story_id = field.subject_id
left join reference
  on story.story_id = reference.subject_id
left join project_reference
  on story.workspace_id = project_reference.subject_id
where nullif(field.progress_reported_on, '') is not null
