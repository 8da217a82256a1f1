{% set action %}
'Release or end the billing hold on ' || {{ claimed_hours() }} || ' h, '
  || {{ shown('claim.amount', 'claim.currency') }} || ', of '
  || context.contract_line_name || '; work date ' || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('billing_hold_stale', action) }}
