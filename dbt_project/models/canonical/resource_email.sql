with listed as (
  {{ list_entries(ref('resource_record'), ['source_resource_id'], 'email_aliases', "';'", 'email') }}
)

select
  record.source_resource_id || ':' || record.email as resource_email_id,
  record.source_resource_id,
  record.person_id,
  record.email,
  'email' as address_type
from {{ ref('resource_record') }} as record
where record.email is not null

union all

select distinct
  record.source_resource_id || ':' || listed.email as resource_email_id,
  record.source_resource_id,
  record.person_id,
  listed.email,
  'alias_email' as address_type
from listed
inner join {{ ref('resource_record') }} as record on listed.source_resource_id = record.source_resource_id
where record.email is null or listed.email <> record.email
