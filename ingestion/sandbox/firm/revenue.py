"""Revenue: what each contract line has earned by month end, what the books recognised, and the costs behind it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from ingestion.sandbox.facts import ProjectCost, RevenueSchedule
from ingestion.sandbox.firm.basics import DAY, at, cents, month_end, month_ends
from ingestion.sandbox.firm.contracts import signed_at
from ingestion.sandbox.firm.model import Book, Engagement, Record

ZERO = Decimal(0)


def close_months(book: Book) -> None:
    """Post every line's revenue on the last day of each month, with the errors that were planted."""
    for e in book.engagements:
        for end, cost in e.costs.items():
            book.add(
                "project_costs",
                ProjectCost,
                at(end, 19),
                id=f"PC-{e.key}-{end:%y%m}",
                project=e.project,
                amount=cost,
                currency=e.currency,
                posted_on=end,
            )
        if e.revrec is None or not e.has_schedule:
            continue
        months = _plan(book, e)
        before = ZERO
        carried = ZERO
        for end in month_ends(e.starts_on, min(_last_month(e), book.horizon)):
            total = earned(e, end)
            due = total - before
            before = total
            recognised, carried = due + carried, ZERO
            error = e.revenue_error
            if error and error.month == end:
                recognised, carried = _mistaken(e, recognised, end)
            if end not in months and due:
                months[end] = _month(book, e, end, at(end, 20), ZERO)
            if recognised or due:
                months[end].changes.append((at(end, 21), {"recognised": recognised, "posted_on": end}))


def _plan(book: Book, e: Engagement) -> dict[date, Record]:
    """The schedule as it was made when the contract was signed, by month end: the price in equal parts.

    What is earned as it is invoiced cannot be planned.
    """
    ends = list(month_ends(e.starts_on, month_end(e.ends_on)))
    price: Decimal = e.terms["amount"] if e.planned_amount is None else e.planned_amount
    part = cents(price / len(ends))
    months = {}
    for n, end in enumerate(ends, 1):
        share = part if n < len(ends) else price - part * (len(ends) - 1)
        planned = None if e.revrec == "as_invoiced" else share
        months[end] = _month(book, e, end, signed_at(book, e), planned)
    return months


def _month(book: Book, e: Engagement, end: date, created_at: datetime, planned: Decimal | None) -> Record:
    return book.add(
        "revenue_schedules",
        RevenueSchedule,
        created_at,
        id=f"RS-{e.key}-{end:%y%m}",
        contract_line=e.line,
        period=f"{end:%Y-%m}",
        method=e.revrec,
        planned=planned,
        currency=e.currency,
    )


def _last_month(e: Engagement) -> date:
    """The end of the last month in which anything is earned: a deliverable may be accepted after the engagement."""
    accepted = (i.happened_on for i in e.milestones) if e.revrec == "milestone_output" else ()
    return month_end(max((e.ends_on, *accepted)))


def earned(e: Engagement, day: date) -> Decimal:
    """Revenue earned by the end of ``day`` under the line's method, in contract currency."""
    if e.recognised is not None:
        return sum((amount for end, amount in e.recognised.items() if end <= day), ZERO)
    if e.revrec == "as_invoiced":
        return sum((i.value for i in e.items if i.is_entitled and i.value is not None and i.happened_on <= day), ZERO)
    if e.revrec == "milestone_output":
        return sum((i.value for i in e.milestones if i.value is not None and i.happened_on <= day), ZERO)
    amount: Decimal = e.terms["amount"]
    if e.revrec == "cost_to_cost":
        spent = sum((cost for end, cost in e.costs.items() if end <= day), ZERO)
        return cents(amount * spent / e.terms["estimate_at_completion"])
    gone = (min(day, e.ends_on) - e.starts_on).days + 1
    return cents(amount * gone / ((e.ends_on - e.starts_on) + DAY).days)


def _mistaken(e: Engagement, due: Decimal, month: date) -> tuple[Decimal, Decimal]:
    """What the books recognise in the month of the planted error, and what they carry to the next month."""
    error = e.revenue_error
    assert error is not None
    if error.rule == "R03":
        error.difference = due
        return ZERO, due
    if error.rule == "R04":
        billed = sum((b.amount for i in (*e.items, *e.milestones) for b in i.billings if b.posted_on <= month), ZERO)
        error.difference = billed - due
        return billed, ZERO
    error.difference = cents(due * error.share)
    return (due - error.difference if error.rule == "R01" else due + error.difference), ZERO
