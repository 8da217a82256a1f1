select
  entity_code as source_id,
  exported_at as source_updated_at,
  is_deleted,
  name,
  currency,
  country,
  parent_code as parent_source_id,
  time_zone
from {{ ref('stg_files__legal_entities') }}
