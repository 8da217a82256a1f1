{% set action %}
'Bill ' || {{ shown('claim.amount', 'claim.currency') }} || ' of hours that ' || context.approver || ' took off '
  || context.contract_line_name || ', or record the reason.'
{% endset %}
{{ claim_findings('unexplained_writedown', action) }}
