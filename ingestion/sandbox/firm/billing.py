"""The billing team: monthly runs, milestone invoices, drafts, credits with rebills, and the customers' payments."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import BilledItem, Invoice, InvoiceLine, Payment
from ingestion.sandbox.firm.basics import (
    DAY,
    add_business_days,
    at,
    cents,
    log_normal,
    month_end,
    month_ends,
    on_business_day,
)
from ingestion.sandbox.firm.items import Billing, Item
from ingestion.sandbox.firm.model import Book, Engagement, Posted

ZERO, ONE = Decimal(0), Decimal(1)
TAX = {"USD": Decimal(0), "EUR": Decimal("0.19"), "GBP": Decimal("0.20")}
DESCRIPTIONS = {
    "time_entry": "Professional services",
    "expense_item": "Travel and expenses",
    "supplier_cost": "Subcontracted services",
    "milestone": "Milestone",
    "progress": "Progress",
}


class Run:
    """One month's invoice run of one contract: what was approved by ``approved_by`` leaves on ``posted_on``."""

    def __init__(self, book: Book, e: Engagement, cutoff: date) -> None:
        r = book.chance("run", e.line, cutoff)
        self.cutoff = cutoff
        if e.prompt:
            self.posted_on = add_business_days(cutoff, r.randint(2, 4))
        else:
            self.posted_on = on_business_day(cutoff + DAY * min(26, max(2, log_normal(r, 6, 15, 1.2816))))
        self.drafted_on = max(add_business_days(self.posted_on, -1), cutoff + DAY)
        self.approved_by = self.drafted_on - DAY if e.bills_late_approvals else cutoff
        self.items: list[Item] = []


def bill(book: Book) -> None:
    """Write all invoices that the firm will send, mark the time on them as billed, and let the customers pay."""
    for e in book.engagements:
        _run_months(book, e)
        for item in e.milestones:
            if item.treatment == "bill" and not item.billings:
                r = book.chance("milestone invoice", item.id)
                days = r.randint(1, 4) if e.prompt else min(20, max(1, log_normal(r, 3, 8, 1.6449)))
                bill_alone(book, e, item, add_business_days(item.happened_on, days))
        if e.method == "retainer" and not e.buys_hours:
            _bill_retainer(book, e)


def _run_months(book: Book, e: Engagement) -> None:
    runs = [Run(book, e, end) for end in month_ends(e.starts_on, book.horizon)]
    for item in e.items:
        if item.billings or not item.is_entitled or item.value is None or item.approved_on is None:
            continue
        cutoff = month_end(item.happened_on)
        open_runs = [run for run in runs if run.cutoff >= cutoff and item.approved_on <= run.approved_by]
        if item.treatment == "bill" and open_runs:
            open_runs[0].items.append(item)
        elif item.treatment == "catch_up" and len(open_runs) > 2:
            open_runs[2].items.append(item)
        elif item.treatment == "phantom":
            item.marked_at = at(add_business_days(_due(item), 3), 16)
        elif item.treatment == "draft_only":
            drafted = add_business_days(_due(item), 2)
            item.marked_at = at(drafted, 16)
            _record(book, e, f"INV-{e.key}-{drafted:%y%m%d}", drafted, None, _lines(e, [item]))
    for run in runs:
        if run.items:
            _send(book, e, f"{e.key}-{run.cutoff:%y%m}", run.drafted_on, run.posted_on, run.items)


def bill_alone(
    book: Book,
    e: Engagement,
    item: Item,
    posted: date,
    currency: str | None = None,
    *,
    again: int = 0,
    due_on: date | None = None,
    is_paid: bool = True,
) -> str:
    """Post an invoice for one item; returns its id.

    ``currency`` is the one the biller takes by mistake, ``again`` tells further invoices of the same item apart, and
    without ``is_paid`` the caller says what the customer pays. What the customer keeps back stands on a line of its own.
    """
    key = item.id.replace("/", "-") + (f"-{again}" if again else "")
    return _send(book, e, key, posted, posted, [item], currency, due_on=due_on, is_paid=is_paid)


def credit(book: Book, e: Engagement, item: Item, invoice: str, day: date, reason: str, amount: Decimal) -> str:
    """Post a credit memo over ``amount`` of the invoice of one item; returns its id."""
    (line,) = _lines(e, [item])
    billed = line.items[0].model_copy(update={"amount": amount})
    line = line.model_copy(update={"amount": amount, "unit_price": amount / line.quantity, "items": [billed]})
    key = f"CM-{invoice[4:]}"
    _record(book, e, key, day, day, [line], original=invoice, reason=reason)
    return key


def bill_line(book: Book, e: Engagement, key: str, posted: date, line: InvoiceLine, *, is_paid: bool = True) -> None:
    """Post an invoice of one line that bills no item: prepaid hours, a true-up, what had been kept back."""
    _record(book, e, key, posted, posted, [line])
    if is_paid:
        _pay(book, key)


def _due(item: Item) -> date:
    due = item.expected_on(date.max)
    assert due is not None
    return due


def _send(
    book: Book,
    e: Engagement,
    key: str,
    drafted: date,
    posted: date,
    items: list[Item],
    currency: str | None = None,
    *,
    due_on: date | None = None,
    is_paid: bool = True,
) -> str:
    """Post one invoice for the items; where the engagement says so, credit it a day later and bill it again."""
    lines = _lines(e, items)
    if kept_back := sum((item.kept_back for item in items), ZERO):
        lines.append(_kept_back(e, kept_back))
    customer = items[0].customer or e.customer
    currency = currency or e.currency
    final = f"INV-{key}"
    _record(book, e, final, drafted, posted, lines, customer, currency, due_on=due_on)
    _remember(book, e, final, posted, items, currency)
    if e.credit_and_rebill:
        again = add_business_days(posted, 1)
        _record(book, e, f"CM-{key}", again, again, lines, customer, currency, final)
        for item in items:
            item.billings.append(Billing(f"CM-{key}", again, -item.billings[-1].amount))
        final = f"INV-{key}-R"
        _record(book, e, final, again, again, lines, customer, currency)
        _remember(book, e, final, again, items, currency)
    for item in items:
        if item.kind == "time_entry" and item.marked_at is None:
            item.marked_at = at(posted, 18)
    if is_paid:
        _pay(book, final)
    return final


def _kept_back(e: Engagement, amount: Decimal) -> InvoiceLine:
    return InvoiceLine(
        contract_line=e.line,
        project=e.project,
        description="Retainage",
        kind="retainage",
        quantity=ONE,
        unit_price=-amount,
    )


def _remember(book: Book, e: Engagement, invoice: str, posted: date, items: list[Item], currency: str) -> None:
    """Note what a posted invoice bills, for the answer key."""
    for item in items:
        item.billings.append(Billing(invoice, posted, book.convert(_amount(item), currency, e.currency, posted)))
    book.invoices.append(Posted(invoice, posted, currency, [(item, _amount(item)) for item in items]))


def _lines(e: Engagement, items: list[Item]) -> list[InvoiceLine]:
    """One line per project, resource and price for time; one line per item for all else."""
    groups: defaultdict[tuple[Any, ...], list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda i: (i.kind, i.happened_on, i.id)):
        if item.kind == "time_entry":
            rate = item.rate if item.bill_amount is None else item.applied_rate
            assert rate is not None
            groups["time", item.resource, e.unit_price(rate)].append(item)
        else:
            groups[item.kind, item.id].append(item)
    lines = []
    for key, group in groups.items():
        billed = []
        for item in group:
            fact, _, customer = item.id.partition("/")
            billed.append(
                BilledItem(item=fact, quantity=_quantity(item), amount=_amount(item), customer=customer or None)
            )
        total = sum((_amount(i) for i in group), ZERO)
        is_time = key[0] == "time"
        lines.append(
            InvoiceLine(
                contract_line=e.line,
                project=e.project,
                description=DESCRIPTIONS[group[0].kind],
                kind="items",
                amount=total,
                items=billed,
                quantity=sum((_quantity(i) for i in group), ZERO) if is_time else ONE,
                unit_price=key[2] if is_time else total,
                service_from=group[0].happened_on,
                service_to=group[-1].happened_on,
                resource=group[0].resource or None,
            )
        )
    return lines


def _quantity(item: Item) -> Decimal:
    if item.kind != "time_entry":
        return ONE
    return item.hours if item.billable_hours is None else item.billable_hours


def _amount(item: Item) -> Decimal:
    amount = item.value if item.bill_amount is None else item.bill_amount
    assert amount is not None
    return amount


def _record(
    book: Book,
    e: Engagement,
    key: str,
    drafted: date,
    posted: date | None,
    lines: list[InvoiceLine],
    customer: str | None = None,
    currency: str | None = None,
    original: str | None = None,
    due_on: date | None = None,
    reason: str = "rebill",
) -> None:
    """Record an invoice, or the credit memo of ``original``; without ``posted`` it stays a draft."""
    sign = -1 if original else 1
    customer, currency = customer or e.customer, currency or e.currency
    lines = [_signed(line, f"{key}-{n}", sign) for n, line in enumerate(lines, 1)]
    net = sum((line.amount for line in lines if line.amount is not None), ZERO)
    record = book.add(
        "invoices",
        Invoice,
        at(drafted, 17, 30) if drafted == posted else at(drafted, 8),
        id=key,
        number=key,
        kind="credit_memo" if original else "invoice",
        customer=customer,
        legal_entity=e.legal_entity,
        currency=currency,
        status="draft",
        issued_on=drafted,
        lines=lines,
        tax_amount=cents(net * TAX[currency]),
        original_invoice=original,
        reason=reason if original else None,
    )
    if posted:
        due = due_on or posted + DAY * book.payment_terms[customer]
        change = {"status": "posted", "issued_on": posted, "posted_on": posted, "sent_on": posted, "due_on": due}
        record.changes.append((at(posted, 18), change))


def _signed(line: InvoiceLine, key: str, sign: int) -> InvoiceLine:
    items = [
        i.model_copy(update={"quantity": (i.quantity or ZERO) * sign, "amount": (i.amount or ZERO) * sign})
        for i in line.items
    ]
    return line.model_copy(
        update={"id": key, "amount": (line.amount or ZERO) * sign, "quantity": line.quantity * sign, "items": items}
    )


def _bill_retainer(book: Book, e: Engagement) -> None:
    """The prepaid amount in equal parts, at the start of each month of the engagement."""
    amount = e.terms["amount"]
    days = [e.starts_on, *(end + DAY for end in month_ends(e.starts_on, e.ends_on) if end < e.ends_on)]
    part = cents(amount / len(days))
    for n, day in enumerate(days, 1):
        posted = on_business_day(day)
        due_part = part if n < len(days) else amount - part * (len(days) - 1)
        if posted <= book.horizon:
            key = f"INV-{e.key}-{day:%y%m%d}"
            line = InvoiceLine(
                contract_line=e.line,
                project=e.project,
                description="Retainer",
                kind="items",
                quantity=ONE,
                unit_price=due_part,
                service_from=day,
                service_to=min(month_end(day), e.ends_on),
            )
            bill_line(book, e, key, posted, line)


def _pay(book: Book, invoice: str) -> None:
    """The customer pays about 52 days after posting, sometimes in two parts; two in a hundred not yet."""
    record = book.records["invoices"][-1]
    r = book.chance("payment", invoice)
    if r.random() < 0.02:
        return
    net = sum((line.amount for line in record.values["lines"]), ZERO)
    gross = net + record.values["tax_amount"]
    posted: date = record.changes[-1][1]["posted_on"]
    paid = on_business_day(posted + DAY * max(5, log_normal(r, 50, 85, 1.6449)))
    first = cents(gross * r.randint(30, 70) / 100) if r.random() < 0.08 else gross
    for n, (amount, day) in enumerate([(first, paid), (gross - first, add_business_days(paid, r.randint(5, 15)))], 1):
        if amount and day <= book.horizon:
            book.add(
                "payments",
                Payment,
                at(day, 12),
                id=f"PAY-{invoice[4:]}-{n}",
                invoice=invoice,
                amount=amount,
                currency=record.values["currency"],
                paid_on=day,
            )
