select
  msdyn_invoicefrequencyid as invoice_frequency_id,
  msdyn_name as name,
  cast(period as {{ dbt.type_int() }}) as period_code,
  cast(cutoffday as {{ dbt.type_int() }}) as cutoff_day,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'msdyn_invoicefrequency', 'msdyn_invoicefrequencyid') }}) as latest
