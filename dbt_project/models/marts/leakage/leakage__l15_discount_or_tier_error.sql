{% set action %}
'Correct the discount of ' || context.contract_line_name || ': ' || {{ shown('claim.amount', 'claim.currency') }}
  || ' too little was billed for ' || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('discount_or_tier_error', action) }}
union all
{{ overbilling_findings(
  'discount_or_tier_error', 'item.billed_quantity <= item.quantity and open_item.is_tiered and stands_for.item_id is null'
) }}
