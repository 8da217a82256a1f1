-- The price of each contract line: what was agreed, with the change orders that hold on the business date. A change in another
-- currency is never added: nobody agreed on a rate, so the price is unknown.
{% set foreign = 'coalesce(changes.currency <> line.currency, false)' %}
select
  line.contract_line_id,
  line.contract_amount as original_amount,
  cast(
    case
      when max(case when {{ foreign }} and changes.delta_amount <> 0 then 1 else 0 end) = 0
        then line.contract_amount + coalesce(sum(case when not {{ foreign }} then changes.delta_amount end), 0)
    end as decimal(18, 4)
  ) as price_amount,
  max(case when {{ foreign }} and changes.delta_amount <> 0 then 1 else 0 end) = 1 as has_foreign_change,
  -- A change that takes effect retroactively counts from the day it was approved.
  max(greatest(coalesce(changes.effective_date, changes.approved_date), changes.approved_date)) as last_change_date,
  line.currency
from {{ ref('contract_line') }} as line
left join {{ ref('change_order') }} as changes
  on
    line.contract_line_id = changes.contract_line_id
    and {{ is_in_force('changes') }}
group by line.contract_line_id, line.contract_amount, line.currency
