{% set action %}
'Rebill ' || {{ shown('claim.amount', 'claim.currency') }} || ' that was credited to ' || context.customer_name
  || ', or record the approved concession.'
{% endset %}
{{ claim_findings('credit_not_rebilled', action) }}
