{% set action %}
'Add a rate for ' || coalesce(context.role, 'the role') || ' in ' || {{ said('claim.currency', 'the contract currency') }}
  || ' valid on ' || {{ said('context.service_date') }} || ' for ' || context.contract_line_name || '; '
  || {{ said('cast(context.quantity as decimal(9, 2))') }} || ' h wait unpriced'
  || case estimate.basis
    when 'applied_rate'
      then ', about ' || {{ shown('estimate.estimated_amount', 'estimate.currency') }} || ' at the rate of the delivery system'
    when 'other_cards'
      then ', about ' || {{ shown('estimate.estimated_amount', 'estimate.currency') }} || ' at the lowest rate of other cards'
    else ''
  end
  || '.'
{% endset %}
{% set joined %}
left join {{ ref('ledger__rate_estimates') }} as estimate on claim.item_id = estimate.time_entry_id
{% endset %}
{{ claim_findings('missing_rate', action, 'estimate.estimated_amount', joined) }}
