{% set action %}
case when claim.item_type = 'progress' then 'Invoice the accepted progress, ' else 'Invoice the accepted milestone, ' end
  || {{ shown('claim.amount', 'claim.currency') }} || ', to ' || context.customer_name
  || '; due since '
  || {{ said('context.expected_invoice_date') }} || '.'
{% endset %}
{{ claim_findings('milestone_unbilled', action) }}
