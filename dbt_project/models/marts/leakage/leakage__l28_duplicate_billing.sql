{{ overbilling_findings('duplicate_billing', '(stands_for.item_id is not null or item.billed_quantity > item.quantity)') }}
