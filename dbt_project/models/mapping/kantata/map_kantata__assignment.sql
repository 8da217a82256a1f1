select
  allocation.workspace_allocation_id as source_id,
  allocation.updated_at as source_updated_at,
  allocation.is_deleted,
  slot.workspace_id as project_source_id,
  slot.user_id as resource_source_id,
  role.name as role,
  allocation.start_date,
  allocation.end_date,
  {{ kantata_hours('allocation.minutes') }} as hours,
  allocation.is_hard
from {{ ref('stg_kantata__workspace_allocations') }} as allocation
left join {{ ref('stg_kantata__workspace_resources') }} as slot
  on allocation.workspace_resource_id = slot.workspace_resource_id
left join {{ ref('stg_kantata__roles') }} as role
  on slot.role_id = role.role_id
