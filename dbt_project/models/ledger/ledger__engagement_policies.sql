-- Policies that concern an engagement as a whole: the strictest of its contract lines.
{% set keys = ['project_setup_sla', 'change_order_sla', 'cap_warning', 'contract_drift_amount', 'contract_drift_pct'] %}
select
  line.engagement_id,
  {% for key in keys %}
  min(policies.{{ key }}) as {{ key }}{{ ',' if not loop.last }}
  {% endfor %}
from {{ ref('ledger__contract_line_policies') }} as policies
inner join {{ ref('contract_line') }} as line on policies.contract_line_id = line.contract_line_id
where line.engagement_id is not null
group by line.engagement_id
