select
  from_currency || '-' || to_currency || '-' || cast(rate_date as {{ dbt.type_string() }}) || '-' || rate_type as rate_id,
  from_currency,
  to_currency,
  rate_date,
  rate_type as rate_type_code,
  cast(rate as decimal(18, 8)) as rate,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'fx_rates', ['from_currency', 'to_currency', 'rate_date', 'rate_type']) }}) as latest
