{% set action %}
'Issue a supplementary invoice of ' || {{ shown('claim.amount', 'claim.currency') }} || ' to ' || context.customer_name
  || ': expected '
  || {{ shown('context.entitled_amount', 'claim.currency') }} || ', rebilled '
  || {{ shown('context.billed_amount', 'claim.currency') }} || '.'
{% endset %}
{{ claim_findings('rebill_under', action) }}
