with former_names as (
  {{ list_entries(ref('customer_record'), ['source_customer_id'], 'former_names', 'chr(10)', 'name') }}
),

names as (
  select
    source_customer_id,
    name,
    'current' as name_type
  from {{ ref('customer_record') }}
  where name is not null

  union all

  select distinct
    source_customer_id,
    name,
    'former' as name_type
  from former_names
),

{{ legal_name_keys('names') }}

select
  names.source_customer_id || ':' || names.name_type || ':' || names.name as customer_name_id,
  names.source_customer_id,
  record.survivor_id,
  names.name,
  names.name_type,
  name_keys.name_key,
  name_keys.legal_form,
  record.source_system,
  record.source_id
from names
inner join {{ ref('customer_record') }} as record on names.source_customer_id = record.source_customer_id
inner join name_keys on names.name = name_keys.name
