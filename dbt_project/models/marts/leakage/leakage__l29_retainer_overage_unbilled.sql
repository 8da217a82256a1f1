{% set action %}
'Invoice ' || {{ said(claimed_hours('context.unit_rate')) }} || ' h beyond the prepaid hours of '
  || context.contract_line_name || ', ' || {{ shown('claim.amount', 'claim.currency') }} || '; work date '
  || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('retainer_overage_unbilled', action) }}
