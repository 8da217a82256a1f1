with ranked as (
  select
    source.*,
    lower(coalesce(source.email, source.source_id)) as person_key,
    -- The HR system is the record of people; the PSA's users stand in where no HR system is connected. Of several records
    -- of one person, such as a contractor who was hired, the one that stands and was not left is the person.
    row_number() over (
      partition by lower(coalesce(source.email, source.source_id))
      order by
        case when source.source_domain = 'hr' then 0 else 1 end asc nulls last,
        case when source.is_deleted then 1 else 0 end asc nulls last,
        source.termination_date desc nulls first,
        source.source_id asc nulls last
    ) as preference,
    -- Roles and cost rates are the PSA's, whose rate cards and plans name them; HR knows titles and few rates.
    first_value(source.role) over (
      partition by lower(coalesce(source.email, source.source_id))
      order by
        case when source.role is null then 1 else 0 end asc nulls last,
        case when source.source_domain = 'psa' then 0 else 1 end asc nulls last,
        source.source_id asc nulls last
    ) as delivery_role,
    {% for column in ['cost_rate', 'cost_currency'] %}
    first_value(source.{{ column }}) over (
      partition by lower(coalesce(source.email, source.source_id))
      order by
        case when source.cost_rate is null then 1 else 0 end asc nulls last,
        case when source.source_domain = 'psa' then 0 else 1 end asc nulls last,
        source.source_id asc nulls last
    ) as delivery_{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from ({{ union_mapped('resource') }}) as source
),

people as (
  select *
  from ranked
  where preference = 1
)

select
  {{ entity_id('person.source_system', 'person.source_id') }} as resource_id,
  person.name,
  lower(person.email) as email,
  person.delivery_role as role,
  person.resource_type,
  person.delivery_cost_rate as cost_rate,
  person.delivery_cost_currency as cost_currency,
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
left join {{ ref('legal_entity') }} as legal_entity
  on person.legal_entity_ref = legal_entity.source_id
left join people as manager
  on lower(person.manager_ref) = manager.person_key
