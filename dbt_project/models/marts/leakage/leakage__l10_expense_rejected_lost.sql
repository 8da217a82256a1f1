{% set action %}
'Hand in ' || {{ shown('claim.amount', 'claim.currency') }} || ' of ' || context.resource_name || ' for '
  || context.contract_line_name || ' again with what was missing, or record why it is not billable.'
{% endset %}
{{ claim_findings('expense_rejected_lost', action) }}
