{% set action %}
'Invoice ' || {{ shown('claim.amount', 'claim.currency') }} || ' that ' || context.customer_name || ' kept back on '
  || context.contract_line_name || '; its release date has passed.'
{% endset %}
{{ claim_findings('retainage_unreleased', action) }}
