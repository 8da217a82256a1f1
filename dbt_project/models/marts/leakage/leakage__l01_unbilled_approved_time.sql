{% set action %}
'Add ' || {{ said(claimed_hours()) }} || ' h, ' || {{ shown('claim.amount', 'claim.currency') }}
  || ', to the next invoice of ' || context.contract_line_name
  || '; work date ' || {{ said('context.service_date') }} || coalesce('; cause: ' || {{ said_causes('claim.causes') }}, '') || '.'
{% endset %}
{{ claim_findings('unbilled_approved_time', action) }}
