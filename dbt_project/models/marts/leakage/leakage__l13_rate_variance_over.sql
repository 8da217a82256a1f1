{{ overbilling_findings(
  'rate_variance_over', 'item.billed_quantity <= item.quantity and not open_item.is_tiered and stands_for.item_id is null'
) }}
