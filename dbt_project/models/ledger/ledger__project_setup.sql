-- When each won engagement could be worked on and billed: its project, the delivery system's and the ledger's own record of
-- its contract line, and the card that prices its work.
with lines as (
  select
    contract_line_id,
    engagement_id,
    time_zone,
    start_date
  from {{ ref('contract_line') }}
  where not is_deleted
),

parts as (
  select
    lines.engagement_id,
    'project' as part,
    min({{ local_date('project.created_at', 'lines.time_zone') }}) as ready_date
  from lines
  inner join {{ ref('project') }} as project on lines.contract_line_id = project.contract_line_id
  where not project.is_deleted
  group by lines.engagement_id

  union all

  select
    lines.engagement_id,
    known.source_domain as part,
    min({{ local_date('known.created_at', 'lines.time_zone') }}) as ready_date
  from lines
  inner join {{ ref('contract_value') }} as known on lines.contract_line_id = known.contract_line_id
  where not known.is_deleted
  group by lines.engagement_id, known.source_domain

  union all

  select
    lines.engagement_id,
    'rate_card' as part,
    min({{ local_date('card.created_at', 'lines.time_zone') }}) as ready_date
  from {{ ref('contract_line') }} as line
  inner join lines on line.contract_line_id = lines.contract_line_id
  inner join {{ ref('rate_card') }} as card
    on (card.scope_type = 'contract_line' and line.source_id = card.scope_ref) or line.rate_card_id = card.rate_card_id
  where not card.is_deleted
  group by lines.engagement_id
),

ready as (
  select
    engagement_id,
    max(case when part = 'project' then 1 else 0 end) = 1 as has_project,
    max({{ come_by_as_of('ready_date') }}) as ready_date,
    max(case when ready_date > {{ as_of_date() }} then 1 else 0 end) = 1 as is_part_missing
  from parts
  group by engagement_id
),

starts as (
  select
    engagement_id,
    min(start_date) as start_date
  from lines
  group by engagement_id
),

dated as (
  select
    engagement.engagement_id,
    engagement.customer_id,
    engagement.legal_entity_id,
    {{ local_date('engagement.closed_won_at', 'engagement.time_zone') }} as won_date,
    coalesce(engagement.start_date, starts.start_date) as start_date,
    coalesce(ready.has_project, false) as has_project,
    coalesce(ready.has_project and not ready.is_part_missing, false) as is_set_up,
    case when ready.has_project and not ready.is_part_missing then ready.ready_date end as ready_date,
    policies.project_setup_sla
  from {{ ref('engagement') }} as engagement
  inner join starts on engagement.engagement_id = starts.engagement_id
  left join ready on engagement.engagement_id = ready.engagement_id
  left join {{ ref('ledger__engagement_policies') }} as policies on engagement.engagement_id = policies.engagement_id
  where
    not engagement.is_deleted
    and engagement.closed_won_at is not null
    and {{ local_date('engagement.closed_won_at', 'engagement.time_zone') }} <= {{ as_of_date() }}
),

counted as (
  select
    dated.*,
    -- What is still open counts up to today; a set-up whose parts are all there but say no day may have been in time.
    case when is_set_up then ready_date else {{ as_of_date() }} end as counted_date
  from dated
)

select
  counted.engagement_id,
  counted.customer_id,
  counted.legal_entity_id,
  counted.won_date,
  counted.start_date,
  counted.has_project,
  counted.ready_date,
  due_day.calendar_date as setup_due_date,
  -- Set up before it was won counts as no time at all.
  cast(
    case
      when counted_day.business_day_number > won_day.business_day_number
        then counted_day.business_day_number - won_day.business_day_number
      when counted_day.business_day_number is not null then 0
    end as int
  ) as setup_business_days,
  coalesce(counted.counted_date > due_day.calendar_date, false) as is_late
from counted
left join {{ ref('ledger__calendar_days') }} as won_day on counted.won_date = won_day.calendar_date
left join {{ ref('ledger__calendar_days') }} as counted_day on counted.counted_date = counted_day.calendar_date
left join {{ ref('ledger__calendar_days') }} as due_day
  on
    due_day.business_day_number = won_day.business_day_number + cast(counted.project_setup_sla as int)
    and due_day.is_business_day
