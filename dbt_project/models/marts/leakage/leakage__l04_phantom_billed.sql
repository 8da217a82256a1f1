{% set action %}
'The entry carries a billed mark but no posted line: clear the mark and bill '
  || {{ shown('claim.amount', 'claim.currency') }} || ' to ' || context.customer_name
  || ', or record the write-off reason.'
{% endset %}
{{ claim_findings('phantom_billed', action) }}
