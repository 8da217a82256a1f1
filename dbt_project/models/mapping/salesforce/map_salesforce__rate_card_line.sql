select
  rate_card_line_id as source_id,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as source_updated_at,
  is_deleted,
  rate_card_id as rate_card_source_id,
  role,
  lower(trim(resource_email)) as resource_ref,
  cast(hourly_rate as decimal(18, 6)) as hourly_rate,
  valid_from_date,
  valid_to_date
from {{ ref('stg_salesforce__rate_card_lines') }}
