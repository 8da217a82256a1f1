-- People of the delivery system against those of the HR system; nothing to match where only one of them is connected.
with records as (
  select
    record.*,
    {{ normalised_name('record.name') }} || ', ' || record.legal_entity_ref as name_key
  from {{ ref('resource_record') }} as record
),

keys as (
  select
    person_id,
    source_resource_id,
    address_type,
    email
  from {{ ref('resource_email') }}
),

own_keys as (
  select record.source_system, record.source_id, record.person_id as own_group, rules.rule, keys.email as match_key
  from records as record
  inner join keys on record.source_resource_id = keys.source_resource_id
  -- An address is an alias if either side lists it as one.
  inner join (select 'email' as rule union all select 'alias_email' as rule) as rules
    on rules.rule = 'alias_email' or keys.address_type = 'email'
  where not record.is_anchor

  union all

  select source_system, source_id, person_id as own_group, 'name_legal_entity' as rule, name_key as match_key
  from records
  where not is_anchor and not is_deleted and name_key is not null
),

target_keys as (
  select record.person_id as target_id, rules.rule, keys.email as match_key
  from records as record
  inner join keys on record.source_resource_id = keys.source_resource_id
  inner join (select 'email' as rule union all select 'alias_email' as rule) as rules
    on rules.rule = 'alias_email' or keys.address_type = 'email'
  where record.is_anchor

  union all

  select person_id as target_id, 'name_legal_entity' as rule, name_key as match_key
  from records
  where is_anchor and not is_deleted and name_key is not null
),

target_records as (
  select source_system, source_id, person_id as target_id
  from records
  where is_anchor
),

{{ identity_pairs('resource') }},

contradictions as (
  select source_system, source_id, target_id, rule
  from named
  where 1 = 0
),

{{ identity_choice() }}

select
  {{ entity_id('source_system', 'source_id') }} || ' = ' || target_id || ', ' || rule as resource_match_id,
  source_system,
  source_id,
  target_id,
  rule,
  confidence,
  matched_on,
  is_contradicted,
  is_chosen
from candidates
