"""Coupa: impossible values per object. Credit notes may be written negative, so amounts have no lower bound."""

from __future__ import annotations

from expectations.rules import ObjectRules

_CURRENCY = ("currency__code",)
_SHARE = ObjectRules(required=("pct",), ranges={"pct": (0, 100)}, may_be_empty=True)

RULES = {
    "suppliers": ObjectRules(required=("name",)),
    "purchase_orders": ObjectRules(required=("status",), currencies=_CURRENCY, may_be_empty=True),
    "purchase_order_lines": ObjectRules(
        required=("purchase_order_id",), ranges={"quantity": (0, None)}, may_be_empty=True
    ),
    "purchase_order_allocations": _SHARE,
    "invoices": ObjectRules(required=("status", "invoice_number"), currencies=_CURRENCY),
    "invoice_lines": ObjectRules(required=("invoice_id", "total")),
    "invoice_allocations": _SHARE,
    "invoice_approvals": ObjectRules(required=("status",), may_be_empty=True),
}
