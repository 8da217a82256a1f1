{% set action %}
'Add ' || {{ said('cast(context.quantity as decimal(9, 2))') }} || ' h, ' || {{ shown('claim.amount', 'claim.currency') }}
  || ', to the next invoice of ' || context.contract_line_name
  || '; work date ' || {{ said('context.service_date') }} || coalesce('; cause: ' || claim.causes, '') || '.'
{% endset %}
{{ claim_findings('unbilled_approved_time', action) }}
