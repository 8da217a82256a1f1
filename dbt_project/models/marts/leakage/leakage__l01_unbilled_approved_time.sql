{% set action %}
'Add ' || {{ said('context.quantity') }} || ' h, ' || {{ shown('claim.amount', 'claim.currency') }}
  || ', to the next invoice of ' || context.contract_line_name
  || '; work date ' || {{ said('context.service_date') }} || '; blocker: ' || coalesce(claim.causes, 'unknown') || '.'
{% endset %}
{{ claim_findings('unbilled_approved_time', action) }}
