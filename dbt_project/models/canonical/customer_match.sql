-- What the records of one customer, those that were merged into it included, can be recognised by.
with records as (
  select
    record.*,
    {{ normalised_code('record.tax_id') }} as tax_key,
    -- Only codes can be compared; a country written out may be any of them.
    case when length(record.country) = 2 then upper(record.country) end as country_code,
    current_name.name_key,
    current_name.legal_form
  from {{ ref('customer_record') }} as record
  left join {{ ref('customer_name') }} as current_name
    on record.source_customer_id = current_name.source_customer_id and current_name.name_type = 'current'
),

survivors as (
  select *
  from records
  where source_customer_id = survivor_id
),

keys as (
  select source_customer_id, survivor_id, is_anchor, 'tax_id' as rule, tax_key as match_key
  from records
  where not is_deleted and tax_key is not null

  union all

  select source_customer_id, survivor_id, is_anchor, 'legal_name_country' as rule, name_key || ', ' || upper(country) as match_key
  from survivors
  where not is_deleted and name_key is not null and country is not null

  union all

  select
    names.source_customer_id, names.survivor_id, records.is_anchor, 'former_name_country' as rule,
    names.name_key || ', ' || upper(survivors.country) as match_key
  from {{ ref('customer_name') }} as names
  inner join records on names.source_customer_id = records.source_customer_id
  inner join survivors on names.survivor_id = survivors.source_customer_id
  where not records.is_deleted and not survivors.is_deleted and survivors.country is not null

  union all

  select source_customer_id, survivor_id, is_anchor, 'name_currency' as rule, name_key || ', ' || currency as match_key
  from survivors
  where not is_deleted and name_key is not null and currency is not null
),

-- What was merged in its own system is matched as one: under the record that stands for it.
own_keys as (
  select
    survivors.source_system,
    survivors.source_id,
    survivors.survivor_id as own_group,
    keys.rule,
    keys.match_key
  from keys
  inner join survivors on keys.survivor_id = survivors.source_customer_id
  where not keys.is_anchor

  union all

  select source_system, source_id, customer_ref as own_group, 'reference' as rule, customer_ref as match_key
  from records
  where not is_anchor and customer_ref is not null

  union all

  -- A record without a reference of its own has those of the records that were merged into it.
  select
    survivors.source_system, survivors.source_id, records.customer_ref as own_group, 'reference' as rule,
    records.customer_ref as match_key
  from records
  inner join survivors on records.survivor_id = survivors.source_customer_id
  where not records.is_anchor and records.customer_ref is not null and survivors.customer_ref is null
),

target_keys as (
  select survivor_id as target_id, rule, match_key
  from keys
  where is_anchor

  union all

  select survivor_id as target_id, 'reference' as rule, source_id as match_key
  from records
  where is_anchor
),

target_records as (
  select source_system, source_id, survivor_id as target_id
  from records
  where is_anchor
),

{{ identity_pairs('customer') }},

same_registration as (
  select source_system, source_id, target_id
  from named
  where rule = 'tax_id'
),

-- Names alike of companies that are not: another registration, another country, another legal form.
contradictions as (
  select
    named.source_system,
    named.source_id,
    named.target_id,
    named.rule
  from named
  inner join records as own on named.source_system = own.source_system and named.source_id = own.source_id
  inner join records as target on named.target_id = target.source_customer_id
  left join same_registration as same
    on
      named.source_system = same.source_system
      and named.source_id = same.source_id
      and named.target_id = same.target_id
  where
    same.target_id is null
    and (
      (named.rule in ('legal_name_country', 'former_name_country', 'name_currency') and own.tax_key <> target.tax_key)
      or (
        (named.rule in ('legal_name_country', 'name_currency') or own.name_key = target.name_key)
        and named.rule in ('legal_name_country', 'former_name_country', 'name_currency')
        and own.legal_form <> target.legal_form
      )
      or (named.rule = 'name_currency' and own.country_code <> target.country_code)
    )
),

{{ identity_choice() }}

select
  {{ entity_id('source_system', 'source_id') }} || ' = ' || target_id || ', ' || rule as customer_match_id,
  source_system,
  source_id,
  target_id,
  rule,
  confidence,
  matched_on,
  is_contradicted,
  is_chosen
from candidates
