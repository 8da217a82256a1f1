select
  bookableresourceid as resource_id,
  name,
  lower(email) as email,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'bookableresource', 'bookableresourceid') }}) as latest
