select
  cast(id as {{ dbt.type_string() }}) as purchase_order_id,
  po_number as purchase_order_number,
  status,
  cast(supplier__id as {{ dbt.type_string() }}) as supplier_id,
  supplier__name as supplier_name,
  currency__code as currency,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'purchase_orders', 'id') }}) as latest
