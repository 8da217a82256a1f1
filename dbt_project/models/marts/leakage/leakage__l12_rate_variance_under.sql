{% set action %}
'Issue a supplementary invoice of ' || {{ shown('claim.amount', 'claim.currency') }} || ' to ' || context.customer_name
  || ': ' || {{ said('cast(coalesce(least(context.billed_quantity, context.quantity), context.quantity) as decimal(9, 2))') }}
  || ' h at the agreed ' || {{ said("cast(coalesce(" ~ quotient(
    'cast(context.entitled_amount as decimal(20, 4))', 'nullif(context.quantity, 0)'
  ) ~ ", context.unit_rate) as decimal(18, 2))") }} || ', billed '
  || {{ shown('context.billed_amount', 'claim.currency') }} || '.'
{% endset %}
{{ claim_findings('rate_variance_under', action) }}
