with records as (
  select
    record.*,
    coalesce(matched.target_id, record.person_id) as resource_id
  from {{ ref('resource_record') }} as record
  left join {{ ref('resource_match') }} as matched
    on matched.is_chosen and record.source_system = matched.source_system and record.source_id = matched.source_id
),

-- The HR system is the record of people; the PSA's users stand in where no HR system is connected. Of several records of
-- one person, such as a contractor who was hired, the one that stands and was not left is the person.
ranked as (
  select
    records.*,
    row_number() over (
      partition by records.resource_id
      order by
        case when records.is_anchor then 0 else 1 end asc nulls last,
        case when records.is_deleted then 1 else 0 end asc nulls last,
        records.termination_date desc nulls first,
        records.source_id asc nulls last
    ) as preference
  from records
),

-- Roles and hourly costs are the PSA's, whose rate cards and plans name them; HR knows titles and few rates.
ranked_delivery as (
  select
    records.*,
    row_number() over (
      partition by records.resource_id
      order by case when records.is_deleted then 1 else 0 end asc nulls last, records.source_id asc nulls last
    ) as preference
  from records
  where records.source_domain = 'psa'
),

-- A manager is named by the address in the same system.
managers as (
  select
    source_system,
    email,
    min(resource_id) as resource_id
  from records
  where email is not null
  group by source_system, email
)

select
  person.resource_id,
  person.name,
  person.email,
  coalesce(delivery.role, person.role) as role,
  person.resource_type,
  coalesce(delivery.cost_rate, person.cost_rate) as cost_rate,
  case when delivery.cost_rate is not null then delivery.cost_currency else person.cost_currency end as cost_currency,
  legal_entity.legal_entity_id,
  person.hire_date,
  person.termination_date,
  managers.resource_id as manager_resource_id,
  {{ entity_id('person.source_system', 'person.org_unit_source_id') }} as org_unit_id,
  {{ entity_id('person.source_system', 'person.work_calendar_source_id') }} as work_calendar_id,
  person.source_system,
  person.source_id,
  person.source_updated_at,
  person.is_deleted
from ranked as person
left join ranked_delivery as delivery
  on person.resource_id = delivery.resource_id and delivery.preference = 1
left join {{ ref('legal_entity') }} as legal_entity
  on person.legal_entity_ref = legal_entity.source_id
left join managers
  on person.source_system = managers.source_system and lower(person.manager_ref) = managers.email
where person.preference = 1
