with keyed as (
  select
    source.*,
    lower(coalesce(source.email, source.source_id)) as person_key
  from ({{ union_mapped('resource') }}) as source
),

-- The HR system is the record of people; the PSA's users stand in where no HR system is connected. Of several records of
-- one person, such as a contractor who was hired, the one that stands and was not left is the person.
ranked as (
  select
    keyed.*,
    row_number() over (
      partition by keyed.person_key
      order by
        case when keyed.source_domain = 'hr' then 0 else 1 end asc nulls last,
        case when keyed.is_deleted then 1 else 0 end asc nulls last,
        keyed.termination_date desc nulls first,
        keyed.source_id asc nulls last
    ) as preference
  from keyed
),

people as (
  select *
  from ranked
  where preference = 1
),

-- Roles and hourly costs are the PSA's, whose rate cards and plans name them; HR knows titles and few rates.
ranked_delivery as (
  select
    keyed.*,
    row_number() over (
      partition by keyed.person_key
      order by case when keyed.is_deleted then 1 else 0 end asc nulls last, keyed.source_id asc nulls last
    ) as preference
  from keyed
  where keyed.source_domain = 'psa'
)

select
  {{ entity_id('person.source_system', 'person.source_id') }} as resource_id,
  person.name,
  lower(person.email) as email,
  coalesce(delivery.role, person.role) as role,
  person.resource_type,
  coalesce(delivery.cost_rate, person.cost_rate) as cost_rate,
  case when delivery.cost_rate is not null then delivery.cost_currency else person.cost_currency end as cost_currency,
  legal_entity.legal_entity_id,
  person.hire_date,
  person.termination_date,
  {{ entity_id('manager.source_system', 'manager.source_id') }} as manager_resource_id,
  {{ entity_id('person.source_system', 'person.org_unit_source_id') }} as org_unit_id,
  {{ entity_id('person.source_system', 'person.work_calendar_source_id') }} as work_calendar_id,
  person.source_system,
  person.source_id,
  person.source_updated_at,
  person.is_deleted
from people as person
left join ranked_delivery as delivery
  on person.person_key = delivery.person_key and delivery.preference = 1
left join {{ ref('legal_entity') }} as legal_entity
  on person.legal_entity_ref = legal_entity.source_id
left join people as manager
  on lower(person.manager_ref) = manager.person_key
