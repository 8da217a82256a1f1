with named as (
  {{ kantata_references('Role', ['named_resource']) }}
),

-- Published versions; each ends on the day on which the next one of its set begins.
set_version as (
  select
    rate_card_set_version_id,
    effective_date,
    is_deleted,
    lead(effective_date) over (
      partition by rate_card_set_id, is_deleted
      order by effective_date asc nulls last, rate_card_set_version_id asc nulls last
    ) as next_effective_date
  from {{ ref('stg_kantata__rate_card_set_versions') }}
  where is_active
),

card_version as (
  select
    version.rate_card_version_id,
    version.rate_card_id,
    version.default_rate_subunits,
    version.updated_at,
    version.is_deleted or set_version.is_deleted or card.is_deleted as is_deleted,
    currency.subunits_per_unit,
    set_version.effective_date,
    set_version.next_effective_date
  from {{ ref('stg_kantata__rate_card_versions') }} as version
  inner join set_version
    on version.rate_card_set_version_id = set_version.rate_card_set_version_id
  inner join {{ ref('stg_kantata__rate_cards') }} as card
    on version.rate_card_id = card.rate_card_id
  left join {{ ref('stg_kantata__currencies') }} as currency
    on card.currency = currency.currency_code
)

select
  'role-' || card_role.rate_card_role_id as source_id,
  card_role.updated_at as source_updated_at,
  card_role.is_deleted or card_version.is_deleted as is_deleted,
  card_version.rate_card_id as rate_card_source_id,
  case when named.has_named_resource then named.named_resource_message else role.name end as role,
  lower(named.named_resource) as resource_ref,
  {{ kantata_units('card_role.rate_subunits', 'card_version.subunits_per_unit', 'decimal(18, 6)') }} as hourly_rate,
  card_version.effective_date as valid_from_date,
  card_version.next_effective_date as valid_to_date
from {{ ref('stg_kantata__rate_card_roles') }} as card_role
inner join card_version
  on card_role.rate_card_version_id = card_version.rate_card_version_id
left join {{ ref('stg_kantata__roles') }} as role
  on card_role.role_id = role.role_id
left join named
  on card_role.role_id = named.subject_id

union all

-- What a role without a rate of its own costs.
select
  'default-' || card_version.rate_card_version_id as source_id,
  card_version.updated_at as source_updated_at,
  card_version.is_deleted,
  card_version.rate_card_id as rate_card_source_id,
  cast(null as {{ dbt.type_string() }}) as role,
  cast(null as {{ dbt.type_string() }}) as resource_ref,
  {{ kantata_units('card_version.default_rate_subunits', 'card_version.subunits_per_unit', 'decimal(18, 6)') }} as hourly_rate,
  card_version.effective_date as valid_from_date,
  card_version.next_effective_date as valid_to_date
from card_version
where card_version.default_rate_subunits is not null
