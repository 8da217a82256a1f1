"""SAP Concur: impossible values per object. A refund is an entry with a negative amount, so amounts are unbounded."""

from __future__ import annotations

from expectations.rules import ObjectRules

_EXPENSE = ("report_id", "transaction_date", "transaction_amount", "transaction_currency_code")

RULES = {
    "users": ObjectRules(required=("primary_email",)),
    "reports": ObjectRules(required=("approval_status_code", "payment_status_code"), currencies=("currency_code",)),
    "entries": ObjectRules(
        required=_EXPENSE, currencies=("transaction_currency_code",), ranges={"exchange_rate": (0, None)}
    ),
    "itemizations": ObjectRules(required=("entry_id", "transaction_amount"), may_be_empty=True),
    "allocations": ObjectRules(required=("percentage",), ranges={"percentage": (0, 100)}, may_be_empty=True),
}
