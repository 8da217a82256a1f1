-- Who a system means: by the id of a record of a person, or by an address on a record of something else.
with addresses as (
  select
    written.source_domain,
    written.source_system,
    written.email as source_id
  from {{ ref('resource_writing') }} as written
  left join {{ ref('resource_record') }} as record
    on written.source_system = record.source_system and written.email = record.source_id
  where record.source_id is null
),

own_keys as (
  select addresses.source_system, addresses.source_id, addresses.source_id as own_group, rules.rule,
    addresses.source_id as match_key
  from addresses
  cross join (select 'email' as rule union all select 'alias_email' as rule) as rules
),

people as (
  select
    record.source_resource_id,
    record.source_system,
    record.source_id,
    coalesce(matched.target_id, record.person_id) as resource_id
  from {{ ref('resource_record') }} as record
  left join {{ ref('resource_match') }} as matched
    on matched.is_chosen and record.source_system = matched.source_system and record.source_id = matched.source_id
),

target_keys as (
  select distinct people.resource_id as target_id, address.address_type as rule, address.email as match_key
  from {{ ref('resource_email') }} as address
  inner join people on address.source_resource_id = people.source_resource_id
),

target_records as (
  select source_system, source_id, resource_id as target_id
  from people
),

{{ identity_pairs('resource') }},

contradictions as (
  select source_system, source_id, target_id, rule
  from named
  where 1 = 0
),

{{ identity_choice(one_to_one=false) }},

open_people as (
  {{ open_candidates(ref('resource_match')) }}
),

open_addresses as (
  {{ open_candidates('candidates') }}
)

select
  record.source_resource_id,
  record.source_domain,
  record.source_system,
  record.source_id,
  'record' as identifier_type,
  coalesce(matched.target_id, record.person_id) as resource_id,
  case
    when matched.target_id is not null then matched.rule
    when record.is_anchor then 'own'
    else 'unmatched'
  end as match_method,
  case when record.is_anchor then 'high' else matched.confidence end as confidence,
  matched.matched_on,
  case when matched.target_id is null and not record.is_anchor then open_people.candidates end as candidates,
  case
    when matched.target_id is null and not record.is_anchor then coalesce(open_people.unmatched_reason, 'no_candidate')
  end as unmatched_reason
from {{ ref('resource_record') }} as record
left join {{ ref('resource_match') }} as matched
  on matched.is_chosen and record.source_system = matched.source_system and record.source_id = matched.source_id
left join open_people
  on record.source_system = open_people.source_system and record.source_id = open_people.source_id

union all

select
  {{ entity_id('addresses.source_system', 'addresses.source_id') }} as source_resource_id,
  addresses.source_domain,
  addresses.source_system,
  addresses.source_id,
  'email' as identifier_type,
  matched.target_id as resource_id,
  coalesce(matched.rule, 'unmatched') as match_method,
  matched.confidence,
  matched.matched_on,
  case when matched.target_id is null then open_addresses.candidates end as candidates,
  case when matched.target_id is null then coalesce(open_addresses.unmatched_reason, 'no_candidate') end as unmatched_reason
from addresses
left join candidates as matched
  on matched.is_chosen and addresses.source_system = matched.source_system and addresses.source_id = matched.source_id
left join open_addresses
  on addresses.source_system = open_addresses.source_system and addresses.source_id = open_addresses.source_id
