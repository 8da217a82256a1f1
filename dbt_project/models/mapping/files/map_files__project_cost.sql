select
  cost_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  project_ref,
  amount,
  currency,
  posted_date
from {{ ref('stg_files__project_costs') }}
