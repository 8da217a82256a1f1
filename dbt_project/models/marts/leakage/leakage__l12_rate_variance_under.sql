{% set action %}
'Issue a supplementary invoice of ' || {{ shown('claim.amount', 'claim.currency') }} || ' to ' || context.customer_name
  || ': ' || {{ said('cast(context.quantity as decimal(9, 2))') }}
  || ' h at the agreed ' || {{ said('cast(context.unit_rate as decimal(18, 2))') }} || ', billed '
  || {{ shown('context.billed_amount', 'claim.currency') }} || '.'
{% endset %}
{{ claim_findings('rate_variance_under', action) }}
