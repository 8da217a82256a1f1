with open_money as (
  select
    project_id,
    min(currency) as currency,
    sum(open_amount) as amount
  from {{ ref('ledger__items') }}
  where verdict in ('at_risk', 'confirmed_loss')
  group by project_id
  having count(distinct currency) = 1
),

found as (
  select
    pair.project_id as subject_key,
    'control_gap' as verdict,
    'project' as subject_type,
    project.source_system as subject_system,
    project.source_id as subject_source_id,
    pair.project_id as subject_id,
    project.engagement_id,
    project.contract_line_id,
    project.customer_id,
    pair.project_id,
    cast(0 as decimal(18, 4)) as amount,
    open_money.currency,
    coalesce(open_money.amount, 0) as exposed_amount,
    'Merge project ' || coalesce(project.name, project.source_id) || ' into ' || coalesce(original.name, original.source_id)
    || ', or say what it is a phase of.' as action,
    pair.reason,
    {{ evidence([
      ['project', 'original.source_system', 'original.source_id'],
      ['project', 'project.source_system', 'project.source_id']
    ]) }} as evidence,
    cast(project.created_at as date) as expected_date,
    cast(project.created_at as date) as occurred_date,
    cast(0 as int) as days_past
  from {{ ref('ledger__duplicate_projects') }} as pair
  inner join {{ ref('project') }} as project on pair.project_id = project.project_id
  inner join {{ ref('project') }} as original on pair.original_project_id = original.project_id
  left join open_money on pair.project_id = open_money.project_id
)

{{ detector_findings('duplicate_project', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
