"""A little of everything that a ledger holds beyond invoices and cash, for the tests of the systems that keep one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingestion.sandbox.facts import Facts

NOW = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
KINDS = ("items", "retainage", "retainage_release", "true_up", "retainer", "late_fee")


def firm(**changes: Any) -> Facts:
    """The firm; ``changes`` replace its lists of facts."""
    items = ["T-1", "X-1", "SL-1", "PR-1"]
    lines: list[dict[str, Any]] = [
        {"id": f"L-{kind}", "kind": kind, "contract_line": "CL-1", "unit_price": "100.10", "items": []}
        for kind in KINDS
    ]
    lines[0]["items"] = [{"item": item, "amount": "25.0250"} for item in items]
    lines[0]["amount"] = "100.10"
    lines[1]["amount"] = "-10.01"
    facts = {
        "legal_entities": [{"id": "LE-US"}, {"id": "LE-DE", "currency": "EUR", "country": "DE"}],
        "customers": [
            {"id": "C-1", "name": "Acme", "currency": "EUR"},
            {"id": "C-DE", "name": "Firm GmbH", "represents": "LE-DE", "is_unlinked": True},
        ],
        "contracts": [
            {"id": "K-1", "customer": "C-1", "legal_entity": "LE-US", "currency": "EUR", "starts_on": "2026-01-01"}
        ],
        "contract_lines": [
            {"id": "CL-1", "contract": "K-1", "amount": "50000.25", "created_at": "2026-01-05T10:00:07"},
            {"id": "CL-2", "contract": "K-1", "currency": "USD"},
            {"id": "CL-3", "contract": "K-1", "amount": "7", "unknown_to": ["erp"]},
            {"id": "CL-4", "contract": "K-1", "amount": "1000", "known_as": {"erp": {"amount": "900.1"}}},
        ],
        "change_orders": [
            {
                "id": "CO-1", "contract": "K-1", "contract_line": "CL-1", "amount": "5000.5", "cap_delta": "-100",
                "currency": "EUR", "approved_on": "2026-02-01", "created_at": "2026-02-03T08:30:00",
            },
            {"id": "CO-2", "contract": "K-1", "amount": "1", "status": "pending"},
            {"id": "CO-3", "contract": "K-1", "amount": "2", "unknown_to": ["erp"]},
            {"id": "CO-4", "contract": "K-1", "amount": "3", "known_as": {"erp": {"amount": "-3.3", "currency": "GBP"}}},
        ],
        "resources": [{"id": "R-1", "email": "ann@firm.example"}],
        "projects": [{"id": "P-1", "customer": "C-1", "contract_line": "CL-1"}],
        "time_entries": [{"id": "T-1", "project": "P-1", "resource": "R-1", "work_date": "2026-03-02", "hours": "8"}],
        "expenses": [{"id": "X-1", "project": "P-1", "resource": "R-1", "spent_on": "2026-03-03", "amount": "40"}],
        "suppliers": [{"id": "S-1", "name": "Subs"}],
        "supplier_invoices": [
            {
                "id": "SI-1", "supplier": "S-1", "number": "SI-1", "invoice_date": "2026-03-04",
                "lines": [{"id": "SL-1", "project": "P-1", "amount": "20"}],
            }
        ],
        "progress_reports": [
            {"id": "PR-1", "contract_line": "CL-1", "reported_on": "2026-03-31", "completed_pct": "10.5"}
        ],
        "invoices": [
            {
                "id": "INV-1", "customer": "C-1", "legal_entity": "LE-US", "currency": "EUR", "issued_on": "2026-04-01",
                "rejected_on": "2026-04-03", "rejection_reason": "po_exhausted", "lines": lines,
            },
            {
                "id": "INV-2", "customer": "C-DE", "legal_entity": "LE-US", "issued_on": "2026-04-02", "awaits_sending": True,
                "lines": [{"id": "L-2", "unit_price": "9"}],
            },
        ],
        "payments": [
            {
                "id": "PAY-1", "invoice": "INV-1", "amount": "300.05", "currency": "EUR", "paid_on": "2026-04-20",
                "withholding_tax": "15.0025", "deduction": "2.5", "deduction_reason": "bank_charges",
            },
            {"id": "PAY-2", "invoice": "INV-2", "amount": "9", "paid_on": "2026-04-21"},
        ],
        "disputes": [
            {
                "id": "D-1", "invoice": "INV-1", "line": "L-items", "amount": "50.05", "currency": "EUR",
                "reason": "hours", "opened_on": "2026-04-10",
            },
            {"id": "D-2", "invoice": "INV-2", "amount": "9", "opened_on": "2026-04-11", "resolved_on": "2026-04-12"},
        ],
        "write_offs": [
            {
                "id": "W-1", "invoice": "INV-1", "amount": "12.3456", "currency": "EUR", "written_off_on": "2026-04-22",
                "reason": "uncollectable", "approver": "Ann Øre", "approver_role": "CFO",
            },
            {"id": "W-2", "invoice": "INV-2", "amount": "1", "written_off_on": "2026-04-23"},
        ],
        "contract_balances": [
            {
                "id": "CB-1", "contract": "K-1", "period": "2026-03", "contract_asset": "1000.0001",
                "unbilled_receivable": "200.2", "contract_liability": "30", "loss_provision": "4", "currency": "EUR",
            },
            {"id": "CB-2", "contract": "K-1", "period": "2026-03", "book": "ifrs", "loss_provision": "-5"},
        ],
        "wip_postings": [
            {"id": "WP-1", "contract_line": "CL-1", "amount": "1600.16", "posted_on": "2026-03-31", "item": "T-1"},
            {"id": "WP-2", "contract_line": "CL-1", "amount": "-1600.16", "posted_on": "2026-04-01", "item": "T-1"},
            {"id": "WP-3", "contract_line": "CL-1", "amount": "40", "posted_on": "2026-03-31", "item": "X-1", "book": "ifrs"},
            {"id": "WP-4", "contract_line": "CL-1", "amount": "20", "posted_on": "2026-03-31", "item": "SL-1"},
            {"id": "WP-5", "contract_line": "CL-4", "amount": "5", "posted_on": "2026-03-31", "currency": "EUR"},
        ],
        "revenue_schedules": [
            {"id": "RS-1", "contract_line": "CL-1", "period": "2026-03", "method": "prepaid_drawdown", "recognised": "80"}
        ],
        "sync_events": [
            {
                "id": f"SE-{n}", "record_type": kind, "record": record, "from_domain": "psa", "to_domain": "erp",
                "attempt": n, "status": ("succeeded", "failed", "in_doubt")[n % 3], "is_transient": n % 2 == 0,
                "error": "timeout" if n % 3 == 1 else None, "occurred_at": f"2026-04-{n:02d}T23:30:05",
            }
            for n, (kind, record) in enumerate(SYNCED, 1)
        ],
    }  # fmt: skip
    return Facts.model_validate(facts | changes)


SYNCED = (
    ("customer", "C-1"), ("project", "P-1"), ("contract_line", "CL-1"), ("change_order", "CO-1"), ("time_entry", "T-1"),
    ("expense", "X-1"), ("invoice", "INV-1"), ("payment", "PAY-1"), ("customer", "C-DE"),
)  # fmt: skip
