{% set action %}
'Pass ' || {{ shown('claim.amount', 'claim.currency') }} || ' of supplier cost (mark-up included) on to '
  || context.customer_name || ' under '
  || context.contract_line_name || '.'
{% endset %}
{{ claim_findings('supplier_passthrough', action) }}
