"""File drops: impossible values per object. A folder may serve one domain only, so any of its feeds may be empty."""

from __future__ import annotations

from decimal import Decimal

from expectations.rules import ObjectRules

_FX = (Decimal("0.000001"), Decimal(1_000_000))


def _rules(*required: str, **ranges: tuple[int | Decimal | None, int | Decimal | None]) -> ObjectRules:
    return ObjectRules(required=required, ranges=ranges, may_be_empty=True)


RULES = {
    "legal_entities": ObjectRules(currencies=("currency",), required=("name",), may_be_empty=True),
    "customers": _rules("name", payment_terms_days=(0, 3650)),
    "billing_calendars": _rules("frequency", cutoff_day=(0, 31)),
    "fx_rates": _rules("rate", rate=_FX),
    "invoices": ObjectRules(
        currencies=("currency",), required=("document_type", "status", "issue_date", "net_amount"), may_be_empty=True
    ),
    "invoice_lines": ObjectRules(currencies=("currency",), required=("document_id", "net_amount"), may_be_empty=True),
    "billing_links": ObjectRules(
        currencies=("currency",), required=("line_id", "item_type", "amount"), may_be_empty=True
    ),
    "payments": ObjectRules(
        currencies=("currency",), required=("document_id", "amount", "payment_date"), may_be_empty=True
    ),
    "revenue_schedules": ObjectRules(currencies=("currency",), required=("period_start", "method"), may_be_empty=True),
    "project_costs": ObjectRules(currencies=("currency",), required=("amount", "posted_date"), may_be_empty=True),
    "disputes": ObjectRules(
        currencies=("currency",),
        required=("document_id", "amount", "opened_date"),
        ranges={"amount": (0, None)},
        may_be_empty=True,
    ),
    "write_offs": ObjectRules(
        currencies=("currency",), required=("document_id", "amount", "posted_date"), may_be_empty=True
    ),
    "contract_balances": ObjectRules(currencies=("currency",), required=("period_start",), may_be_empty=True),
    "wip_postings": ObjectRules(currencies=("currency",), required=("amount", "posted_date"), may_be_empty=True),
    "contract_values": ObjectRules(currencies=("currency",), may_be_empty=True),
    "change_orders": ObjectRules(currencies=("currency",), required=("amount",), may_be_empty=True),
    "sync_log": _rules("record_type", "status", "occurred_at", attempt_no=(0, None)),
    "camt_entries": ObjectRules(currencies=("currency",), required=("amount", "status"), may_be_empty=True),
    "bai_transactions": ObjectRules(
        currencies=("currency",), required=("amount", "as_of_date", "type_code"), may_be_empty=True
    ),
    "manifest": _rules(size=(0, None)),
}
