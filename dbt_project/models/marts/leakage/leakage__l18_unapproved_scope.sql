{% set action %}
'Get the change order signed or stop: ' || {{ said('cast(context.quantity as decimal(9, 2))') }} || ' h, '
  || {{ shown('claim.amount', 'claim.currency') }} || ', were delivered to ' || context.customer_name || ' without it.'
{% endset %}
{{ claim_findings('unapproved_scope', action) }}
