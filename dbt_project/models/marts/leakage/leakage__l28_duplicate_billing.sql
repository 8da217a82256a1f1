{{ overbilling_findings('duplicate_billing', 'item.billed_quantity > item.quantity') }}
