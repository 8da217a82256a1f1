select
  id as custom_field_value_id,
  subject_type,
  cast(subject_id as {{ dbt.type_string() }}) as subject_id,
  custom_field_id,
  custom_field_name,
  type as value_type,
  replace(value, '"', '') as value_text,
  -- An amount is [subunits, "code"].
  case
    when type = 'currency'
      then {{ dbt.safe_cast("trim(replace(" ~ dbt.split_part('value', "','", 1) ~ ", '[', ''))", 'bigint') }}
  end as amount_subunits,
  case
    when type = 'currency'
      then nullif(trim(replace(replace({{ dbt.split_part('value', "','", 2) }}, ']', ''), '"', '')), '')
  end as amount_currency,
  display_value,
  setter_id,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'custom_field_values', 'id') }}) as latest
