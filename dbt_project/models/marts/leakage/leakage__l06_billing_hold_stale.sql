{% set action %}
'Release or end the billing hold on ' || {{ said('cast(context.quantity as decimal(9, 2))') }} || ' h, '
  || {{ shown('claim.amount', 'claim.currency') }} || ', of '
  || context.contract_line_name || '; work date ' || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('billing_hold_stale', action) }}
