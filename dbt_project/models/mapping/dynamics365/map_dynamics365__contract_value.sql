select
  lines.contract_line_id as source_id,
  lines.updated_at as source_updated_at,
  lines.is_deleted,
  lines.external_id as contract_line_ref,
  lines.amount,
  currencies.currency_code as currency,
  lines.created_at
from {{ ref('stg_dynamics365__contract_lines') }} as lines
left join {{ ref('stg_dynamics365__currencies') }} as currencies
  on lines.currency_id = currencies.currency_id
