select
  cost_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  -- A project that the ledger knows by its own number alone is found by that.
  coalesce(project_ref, project_code) as project_ref,
  amount,
  currency,
  posted_date
from {{ ref('stg_files__project_costs') }}
