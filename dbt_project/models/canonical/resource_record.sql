with ranked as (
  select
    source.*,
    -- A system that serves two domains shows the same person in both: it is the HR system's.
    row_number() over (
      partition by source.source_system, source.source_id
      order by case when source.source_domain = 'hr' then 0 else 1 end asc nulls last, source.source_domain asc nulls last
    ) as preference
  from ({{ union_mapped('resource') }}) as source
),

people as (
  select
    ranked.*,
    -- One address is one person within a system; without one a record stands for itself.
    min(source_id) over (partition by source_system, lower(coalesce(email, 'no e-mail ' || source_id))) as person_source_id
  from ranked
  where preference = 1
)

select
  {{ entity_id('source_system', 'source_id') }} as source_resource_id,
  {{ entity_id('source_system', 'person_source_id') }} as person_id,
  source_domain = '{{ identity_anchor('resource') }}' as is_anchor,
  name,
  lower(email) as email,
  lower(email_aliases) as email_aliases,
  role,
  resource_type,
  cost_rate,
  cost_currency,
  legal_entity_ref,
  hire_date,
  termination_date,
  manager_ref,
  org_unit_source_id,
  work_calendar_source_id,
  source_domain,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from people
