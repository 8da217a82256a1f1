select
  data_area_id as company,
  name,
  cast(number_of_days as {{ dbt.type_int() }}) as number_of_days,
  cast(number_of_months as {{ dbt.type_int() }}) as number_of_months,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'payment_term', ['data_area_id', 'name']) }}) as latest
