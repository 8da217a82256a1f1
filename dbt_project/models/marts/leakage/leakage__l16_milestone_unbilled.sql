{% set action %}
'Invoice the accepted milestone, ' || {{ shown('claim.amount', 'claim.currency') }} || ', to ' || context.customer_name
  || '; due since '
  || {{ said('context.expected_invoice_date') }} || '.'
{% endset %}
{{ claim_findings('milestone_unbilled', action) }}
