"""Expenses and suppliers' invoices that were not passed on, not in full, or too late."""

from __future__ import annotations

from ingestion.sandbox.firm.billing import bill_alone
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.costs import order_from_supplier, receive_supplier_invoice


def expenses(case: Case) -> None:
    e = case.engagement("F", expense_policy="markup", expense_markup_pct=D(10))
    case.spend(e, 2, "Hotel", "400.00", "USD", treatment="never")
    case.spend(e, 3, "Airfare", "650.00", "USD", bill_amount=D("650.00"))
    case.spend(e, 4, "Training", "595.00", "EUR", "95.00")
    capped = case.engagement("G", "EUR", expense_policy="at_cost", expense_cap_amount=D(1000))
    case.spend(capped, 2, "Hotel", "833.00", "EUR", "133.00")
    case.spend(capped, 5, "Airfare", "300.00", "EUR")
    case.spend(capped, 9, "Hotel", "300.00", "EUR", treatment="never", trap="over_expense_cap")


def suppliers(case: Case) -> None:
    plus = case.engagement("I", "USD", "cost_plus", passthrough_basis="cost_plus", passthrough_markup_pct=D(15))
    receive_supplier_invoice(case.book, plus, case.nth(4), D(6000), leaks=True)
    receive_supplier_invoice(case.book, plus, case.nth(6), D(3000), leaks=False)
    order = order_from_supplier(case.book, plus, case.nth(8), D(4500))
    case.look_alike(order, "purchase_order_only", case.nth(8))
    at_rate = case.engagement("J", "GBP", rate=160, passthrough_basis="time_at_rate")
    for _ in range(4):
        case.work(at_rate, 8)
    receive_supplier_invoice(case.book, at_rate, case.nth(9), D(3200), leaks=False)


def late_expense(case: Case) -> None:
    """An expense of the earlier month that is passed on weeks after that month's run."""
    e = case.engagement("EA", expense_policy="at_cost")
    item = case.spend(e, 4, "Hotel", "520.00", "USD", month=case.earlier)
    bill_alone(case.book, e, item, case.nth(15))


def rejected_expenses(case: Case) -> None:
    """Rejected for a missing receipt and forgotten; beside one handed in again, and one that broke the rules."""
    e = case.engagement("EB", expense_policy="markup", expense_markup_pct=D(10))
    case.spend(e, 1, "Hotel", "200.00", "USD", rejected="missing_receipt")
    receipt = f"RCPT-{e.key}"
    again = case.spend(e, 1, "Airfare", "310.00", "USD", rejected="missing_receipt", receipt=receipt)
    case.spend(e, 6, "Airfare", "310.00", "USD", receipt=receipt)
    private = case.spend(e, 1, "Meals", "90.00", "USD", rejected="policy")
    for item, trap in ((again, "handed_in_again"), (private, "policy_violation")):
        item.is_entitled, item.trap = False, trap
