{{ overbilling_findings('rate_variance_over', 'item.billed_quantity <= item.quantity') }}
