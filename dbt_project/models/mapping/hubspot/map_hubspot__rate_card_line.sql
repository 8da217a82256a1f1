with card as (
  {{ hubspot_associated('rate_card_line', 'rate_card') }}
)

select
  line.rate_card_line_id as source_id,
  cast(line.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  line.is_deleted,
  card.to_id as rate_card_source_id,
  line.role,
  lower(trim(line.resource_email)) as resource_ref,
  cast(line.hourly_rate as decimal(18, 6)) as hourly_rate,
  line.valid_from_date,
  line.valid_to_date
from {{ ref('stg_hubspot__rate_card_lines') }} as line
left join card
  on line.rate_card_line_id = card.from_id and (not card.is_deleted or line.is_deleted)
