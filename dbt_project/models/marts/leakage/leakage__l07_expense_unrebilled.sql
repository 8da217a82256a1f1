{% set action %}
'Rebill the expense of ' || {{ said('context.service_date') }} || ' to ' || context.customer_name || ': '
  || {{ shown('claim.amount', 'claim.currency') }} || '.'
{% endset %}
{{ claim_findings('expense_unrebilled', action) }}
