select
  id as plan_id,
  createdfrom as element_id,
  revenueplantype as plan_type_code,
  recognitionmethod as recognition_method_code,
  accountingbook as book_id,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'revenueplan', 'id') }}) as latest
