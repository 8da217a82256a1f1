{% set action %}
'Add a rate for ' || coalesce(context.role, 'the role') || ' in ' || {{ said('claim.currency', 'the contract currency') }}
  || ' valid on ' || {{ said('context.service_date') }} || ' for ' || context.contract_line_name || '; '
  || {{ said('cast(context.quantity as decimal(9, 2))') }} || ' h wait unpriced.'
{% endset %}
{{ claim_findings('missing_rate', action) }}
