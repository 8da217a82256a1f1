"""Posted invoices whose money does not come: disputed, credited, written off, refused, paid short."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import Dispute, Payment, WriteOff
from ingestion.sandbox.firm.basics import DAY, add_business_days, at
from ingestion.sandbox.firm.billing import bill_alone, credit
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.items import Billing, Item
from ingestion.sandbox.firm.model import Engagement
from ingestion.sandbox.firm.setup import ENTITIES


def _unpaid(case: Case, e: Engagement, n: int, month: date | None = None, **terms: Any) -> tuple[Item, str]:
    """Ten hours of the n-th working day, billed alone two days later; nobody has paid yet."""
    day = case.nth(n, month)
    item = case.work(e, 10, day, person=case.people[6], submitted=day)
    return item, bill_alone(case.book, e, item, add_business_days(day, 2), is_paid=False, **terms)


def _pay(case: Case, e: Engagement, invoice: str, day: date, amount: str, **values: Any) -> None:
    case.book.add(
        "payments",
        Payment,
        at(day, 12),
        id=f"PAY-{invoice[4:]}",
        invoice=invoice,
        amount=D(amount),
        currency=e.currency,
        paid_on=day,
        **values,
    )


def disputes(case: Case) -> None:
    """A part of an invoice is disputed; another dispute was settled."""
    e = case.engagement("RA")
    for n in (4, 5):
        _, invoice = _unpaid(case, e, n)
        opened = case.nth(15)
        record = case.book.add(
            "disputes",
            Dispute,
            at(opened, 14),
            id=f"DI-{invoice[4:]}",
            invoice=invoice,
            amount=D(600),
            currency=e.currency,
            reason="hours",
            opened_on=opened,
        )
        if n == 5:
            settled = case.nth(19)
            record.changes.append((at(settled, 14), {"resolved_on": settled}))
            case.look_alike(invoice, "dispute_resolved", settled)


def credits(case: Case) -> None:
    """An invoice is credited for an error and never billed again; another is reduced as a gesture."""
    e = case.engagement("RB")
    item, invoice = _unpaid(case, e, 9, case.earlier)
    again = case.nth(2)
    memo = credit(case.book, e, item, invoice, again, "error", D(2000))
    item.billings.append(Billing(memo, again, D(-2000)))
    item, invoice = _unpaid(case, e, 10, case.earlier)
    credit(case.book, e, item, invoice, again, "goodwill", D(200))
    item.trap = "goodwill_credit"


def write_offs(case: Case) -> None:
    """Given up by somebody without the authority, and by somebody who has it, for a reason."""
    e = case.engagement("RC")
    cases: tuple[tuple[int, Decimal, str], ...] = ((9, D(2000), "billing_clerk"), (10, D(300), "controller"))
    for n, amount, role in cases:
        _, invoice = _unpaid(case, e, n, case.earlier)
        day = case.book.ends_on - DAY * 5
        case.book.add(
            "write_offs",
            WriteOff,
            at(day, 15),
            id=f"WO-{invoice[4:]}",
            invoice=invoice,
            amount=amount,
            currency=e.currency,
            written_off_on=day,
            reason="goodwill",
            approver=case.people[0],
            approver_role=role,
        )
        if role == "controller":
            case.look_alike(invoice, "approved_write_off", day)


def refused(case: Case) -> None:
    """The customer's portal refuses invoices: weeks ago, long ago, and one that was sent again."""
    e, ends_on = case.engagement("RD"), case.book.ends_on
    for n, days in ((12, 25), (13, 38), (14, 25)):
        _, invoice = _unpaid(case, e, n, case.earlier)
        record, day = case.book.records["invoices"][-1], ends_on - DAY * days
        record.changes.append((at(day, 9), {"rejected_on": day, "rejection_reason": "po_exhausted"}))
        if n == 14:
            record.changes.append((at(day + DAY * 3, 9), {"sent_on": day + DAY * 3}))
            case.look_alike(invoice, "sent_again", day + DAY * 3)


def paid_short(case: Case) -> None:
    """500 are missing without a word; tax that was withheld and an agreed deduction explain another short payment."""
    e = case.engagement("RE")
    for n in (6, 7):
        due = case.nth(n + 6, case.earlier)
        _, invoice = _unpaid(case, e, n, case.earlier, due_on=due)
        if n == 6:
            _pay(case, e, invoice, due, "1500.00")
        else:
            _pay(
                case,
                e,
                invoice,
                due,
                "1500.00",
                withholding_tax=D(300),
                deduction=D(200),
                deduction_reason="agreed_discount",
            )
            case.look_alike(invoice, "explained_deduction", due)


def paid_in_other_currency(case: Case) -> None:
    """The German company's invoice in dollars is worth something else on the day of its payment."""
    e = case.engagement("RF")
    e.legal_entity = ENTITIES["EUR"][0]
    _, invoice = _unpaid(case, e, 8, case.earlier)
    _pay(case, e, invoice, case.nth(8), "2000.00")
