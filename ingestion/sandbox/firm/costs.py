"""Costs that may be passed on: expenses with their taxes and currencies, suppliers' orders and invoices, milestones."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from ingestion.sandbox.facts import Expense, Milestone, PurchaseOrder, Supplier, SupplierInvoice
from ingestion.sandbox.firm.basics import DAY, add_business_days, at, cents, log_normal, on_business_day, with_markup
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.model import Book, Engagement

TAX = {"USD": Decimal(0), "EUR": Decimal("0.19"), "GBP": Decimal("0.20")}
CATEGORIES = {"Hotel": (140, 620), "Airfare": (180, 1400), "Meals": (15, 120), "Taxi": (12, 95), "Training": (200, 900)}
MERCHANTS = {
    "Hotel": "Hôtel Étoile",
    "Airfare": "Polar Air",
    "Meals": "Bistro 47",
    "Taxi": "CityCab",
    "Training": "Lernhaus",
}
SUPPLIERS = [
    "Delta Subcontracting",
    "Kōbō Systems 工房",
    "Ingénierie Delacroix",
    "Redwood Field Services",
    "Tamarind Analytics",
]


def expense_value(book: Book, e: Engagement, net: Decimal, currency: str, day: date) -> Decimal:
    """What the contract lets the firm rebill for ``net`` (tax that is recovered already taken off)."""
    return with_markup(book.convert(net, currency, e.currency, day), e.terms.get("expense_markup_pct", Decimal(0)))


def claim_expense(book: Book, e: Engagement, person: str, day: date, r: Random) -> None:
    """A traveller's expense on an engagement; every tenth or so in a foreign currency."""
    category = r.choice(list(CATEGORIES))
    low, high = CATEGORIES[category]
    currency = e.currency
    if r.random() < 0.12:
        currency = r.choice(["EUR", "GBP"]) if e.currency == "USD" else "USD"
    net = Decimal(r.randint(low * 100, high * 100)) / 100
    tax = cents(net * TAX[currency])
    recoverable = tax if r.random() < 0.7 else Decimal(0)
    submitted = at(add_business_days(day, r.randint(1, 7)), 16)
    approved = at(add_business_days(submitted.date(), max(1, min(20, log_normal(r, 2, 9, 1.6449)))), 11)
    item = record_expense(
        book, e, person, day, category, net + tax, currency, submitted, approved, tax=tax, recoverable=recoverable
    )
    luck = r.random()
    if item.is_entitled and luck < 0.05:
        item.treatment = "never"
    elif item.is_entitled and "expense_markup_pct" in e.terms and luck < 0.12:
        item.bill_amount = book.convert(net + tax - recoverable, currency, e.currency, day)


def record_expense(
    book: Book,
    e: Engagement,
    person: str,
    day: date,
    category: str,
    amount: Decimal,
    currency: str,
    submitted: datetime,
    approved: datetime | None,
    tax: Decimal = Decimal(0),
    recoverable: Decimal = Decimal(0),
    *,
    rejected: datetime | None = None,
    reason: str | None = None,
    receipt: str | None = None,
) -> Item:
    """Record an expense (``amount`` includes ``tax``) and the item to rebill; only two policies make it one.

    It is approved, or ``rejected`` for a ``reason``; ``receipt`` tells when the same one is handed in again.
    """
    policy = e.terms.get("expense_policy", "at_cost")
    n = e.next_number("expense")
    item = Item(
        f"E-{e.key}-{n:03d}",
        "expense_item",
        day,
        e,
        e.project,
        resource=person,
        submitted_at=submitted,
        approved_at=approved,
        rejected_at=rejected,
    )
    item.is_billable = policy != "non_billable"
    if policy in ("inclusive", "non_billable"):
        item.is_entitled, item.trap = False, "inclusive_expense" if policy == "inclusive" else "non_billable_expense"
    else:
        item.value = expense_value(book, e, amount - recoverable, currency, day)
    e.items.append(item)
    record = book.add(
        "expenses",
        Expense,
        at(day, 19),
        id=item.id,
        project=e.project,
        resource=person,
        category=category,
        spent_on=day,
        amount=amount,
        currency=currency,
        tax_amount=tax,
        recoverable_tax_amount=recoverable,
        is_billable=item.is_billable,
        status="draft",
        merchant=MERCHANTS.get(category, ""),
        receipt_hash=receipt,
    )
    record.changes.append((submitted, {"status": "submitted", "submitted_at": submitted}))
    if rejected:
        record.changes.append((rejected, {"status": "rejected", "rejected_at": rejected, "rejected_reason": reason}))
    if approved:
        paid = at(add_business_days(approved.date(), 6), 8)
        record.changes += [(approved, {"status": "approved", "approved_at": approved}), (paid, {"paid_at": paid})]
    return item


def contract_suppliers(book: Book) -> None:
    """The subcontractors that the firm works with."""
    for n, name in enumerate(SUPPLIERS, 1):
        book.add("suppliers", Supplier, at(book.starts_on - timedelta(days=200), 9), id=f"S{n:02d}", name=name)


def order_from_supplier(book: Book, e: Engagement, day: date, amount: Decimal) -> str:
    """A purchase order for an engagement; returns its id."""
    key = f"PO-{e.key}-{e.next_number('purchase order')}"
    book.add(
        "purchase_orders",
        PurchaseOrder,
        at(day, 10),
        id=key,
        number=key,
        supplier=supplier_of(e),
        project=e.project,
        amount=amount,
        currency=e.currency,
        issued_on=day,
    )
    return key


def supplier_of(e: Engagement) -> str:
    return f"S{int(e.key[-2:], 36) % len(SUPPLIERS) + 1:02d}"


def receive_supplier_invoice(
    book: Book, e: Engagement, day: date, net: Decimal, *, leaks: bool, approval_days: int = 2
) -> Item:
    """A subcontractor's invoice of one line, in contract currency; passed on only under a cost-plus contract line."""
    n = e.next_number("supplier invoice")
    key = f"SI-{e.key}-{n}"
    day = on_business_day(day)
    order = order_from_supplier(book, e, add_business_days(day, -15), net)
    approved = at(add_business_days(day, approval_days), 13)
    item = Item(f"{key}-1", "supplier_cost", day, e, e.project, submitted_at=at(day, 9), approved_at=approved)
    if e.terms.get("passthrough_basis") == "cost_plus":
        item.value = with_markup(net, e.terms.get("passthrough_markup_pct", Decimal(0)))
        item.treatment = "never" if leaks else "bill"
    else:
        item.is_entitled, item.trap = False, "supplier_time_at_rate"
    e.items.append(item)
    line = {
        "id": item.id,
        "project": e.project,
        "description": "Subcontracted services",
        "amount": net,
        "service_from": day - DAY * 14,
        "service_to": day,
    }
    record = book.add(
        "supplier_invoices",
        SupplierInvoice,
        at(day, 9),
        id=key,
        supplier=supplier_of(e),
        purchase_order=order,
        number=f"{supplier_of(e)}/{key[3:]}",
        status="pending",
        invoice_date=day,
        currency=e.currency,
        lines=[line],
    )
    record.changes.append((approved, {"status": "approved", "approved_at": approved}))
    return item


def agree_milestone(
    book: Book,
    e: Engagement,
    name: str,
    amount: Decimal,
    due_on: date,
    accepted_on: date | None,
    shares: dict[str, Decimal] | None = None,
    deemed_on: date | None = None,
) -> list[Item]:
    """A milestone of an engagement and its items to bill, one per customer share; none before acceptance.

    Without ``accepted_on`` the contract takes it for accepted on ``deemed_on``.
    """
    key = f"M-{e.key}-{e.next_number('milestone')}"
    record = book.add(
        "milestones",
        Milestone,
        at(add_business_days(e.starts_on, -8), 12),
        id=key,
        contract_line=e.line,
        project=e.project,
        name=name,
        amount=amount,
        due_on=due_on,
        deemed_on=deemed_on,
        shares=shares or {},
    )
    day = accepted_on or deemed_on
    if day is None or day > book.horizon:
        book.traps.append((due_on, key, "milestone_not_accepted"))
        return []
    if accepted_on:
        record.changes.append((at(accepted_on, 11), {"accepted_on": accepted_on}))
    items = []
    for customer, percent in (shares or {e.customer: Decimal(100)}).items():
        item = Item(
            f"{key}/{customer}" if shares else key,
            "milestone",
            day,
            e,
            e.project,
            customer=customer,
            value=cents(amount * percent / 100),
            approved_at=at(day, 11),
        )
        items.append(item)
    e.milestones += items
    return items
