select
  {{ dbt.hash("revenue.contract_line_id || '|' || revenue.book") }} as revrec_mismatch_id,
  {{ as_of_date() }} as as_of_date,
  line.legal_entity_id,
  line.customer_id,
  coalesce(customer.name, 'unknown customer') as customer_name,
  revenue.contract_line_id,
  coalesce(line.name, 'no contract line') as contract_line_name,
  revenue.book,
  revenue.revrec_method,
  revenue.period_end_date,
  revenue.earned_to_date_amount,
  revenue.recognised_to_date_amount,
  revenue.billed_to_date_amount,
  revenue.difference_amount,
  revenue.contract_asset_amount,
  revenue.contract_liability_amount,
  revenue.tolerance_amount,
  detector.detector_id,
  revenue.position_class as category,
  revenue.position_class not in ('matched', 'not_judged') as is_mismatch,
  revenue.currency
from {{ ref('leakage__revenue_positions') }} as revenue
inner join {{ ref('contract_line') }} as line on revenue.contract_line_id = line.contract_line_id
left join {{ ref('customer') }} as customer on line.customer_id = customer.customer_id
left join {{ ref('detectors') }} as detector on revenue.position_class = detector.category
