{% set action %}
'Invoice the true-up of ' || {{ shown('claim.amount', 'claim.currency') }} || ' that ' || context.contract_line_name
  || ' lacks of its minimum for the period to ' || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('min_commitment_shortfall', action) }}
