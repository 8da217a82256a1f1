{{ overbilling_findings('rate_variance_over', 'item.billed_quantity <= item.quantity and not open_item.is_tiered') }}
