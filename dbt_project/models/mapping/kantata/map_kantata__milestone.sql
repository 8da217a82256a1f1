with accepted as (
  {{ kantata_custom_fields('Story', {'accepted_on': 'value_text', 'deemed_on': 'value_text'}) }}
),

reference as (
  {{ kantata_references('BillingMilestone', ['contract_line', 'customer']) }}
),

project_reference as (
  {{ kantata_references('Workspace', ['contract_line']) }}
)

select
  milestone.billing_milestone_id as source_id,
  milestone.updated_at as source_updated_at,
  milestone.is_deleted,
  milestone.workspace_id as project_source_id,
  coalesce(reference.contract_line, project_reference.contract_line) as contract_line_ref,
  reference.customer as customer_ref,
  milestone.title as name,
  {{ kantata_units('milestone.amount_subunits', 'currency.subunits_per_unit', 'decimal(18, 4)') }} as amount,
  milestone.currency,
  coalesce(story.due_date, milestone.date_to_invoice) as due_date,
  case milestone.billing_type
    -- Nobody accepts a date: the milestone is earned when it comes.
    when 'fixed_date' then milestone.date_to_invoice
    when 'upon_completion' then cast(nullif(accepted.accepted_on, '') as date)
  end as accepted_date,
  case when milestone.billing_type = 'upon_completion' then cast(nullif(accepted.deemed_on, '') as date) end as deemed_date
from {{ ref('stg_kantata__billing_milestones') }} as milestone
left join {{ ref('stg_kantata__stories') }} as story
  on milestone.story_id = story.story_id
left join accepted
  on milestone.story_id = accepted.subject_id
left join reference
  on milestone.billing_milestone_id = reference.subject_id
left join project_reference
  on milestone.workspace_id = project_reference.subject_id
left join {{ ref('stg_kantata__currencies') }} as currency
  on milestone.currency = currency.currency_code
