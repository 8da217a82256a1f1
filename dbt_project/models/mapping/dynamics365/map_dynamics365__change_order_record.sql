select
  orders.change_order_id as source_id,
  orders.updated_at as source_updated_at,
  orders.is_deleted,
  orders.external_id as change_order_ref,
  contract_lines.external_id as contract_line_ref,
  orders.amount as delta_amount,
  orders.cap_amount as cap_delta_amount,
  currencies.currency_code as currency,
  orders.created_at
from {{ ref('stg_dynamics365__change_orders') }} as orders
left join {{ ref('stg_dynamics365__contract_lines') }} as contract_lines
  on orders.contract_line_id = contract_lines.contract_line_id
left join {{ ref('stg_dynamics365__currencies') }} as currencies
  on orders.currency_id = currencies.currency_id
