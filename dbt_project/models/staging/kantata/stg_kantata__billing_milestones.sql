select
  id as billing_milestone_id,
  title,
  amount_in_cents as amount_subunits,
  currency,
  billing_type,
  date_to_invoice,
  workspace_id,
  story_id,
  invoice_id,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'billing_milestones', 'id') }}) as latest
