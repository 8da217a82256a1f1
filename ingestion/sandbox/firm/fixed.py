"""Fixed prices: what the engagements that are not paid by the hour are worth, their milestones and their costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from ingestion.sandbox.firm.basics import (
    add_business_days,
    cents,
    last_business_day,
    month_end,
    month_ends,
    on_business_day,
)
from ingestion.sandbox.firm.costs import agree_milestone
from ingestion.sandbox.firm.model import Book, Engagement

THOUSAND = Decimal(1000)


def set_amounts(book: Book) -> None:
    """Fix the contract amounts, caps and milestones of the engagements from the work that they take."""
    for e in book.engagements:
        if "amount" in e.terms:
            continue
        worked = sum((i.value for i in e.items if i.value is not None), Decimal(0))
        seen_days = (min(e.ends_on, book.horizon) - e.starts_on).days + 1
        whole = worked * ((e.ends_on - e.starts_on).days + 1) / seen_days
        amount = max(Decimal(20), (whole * Decimal("1.1") / THOUSAND).quantize(Decimal(1)) + 2) * THOUSAND
        e.terms["amount"] = amount
        if e.method == "tm_cap":
            e.terms["cap_amount"] = amount * 2
        elif e.method in ("fixed_milestone", "fixed_progress"):
            _plan_milestones(book, e, amount)
        if e.revrec == "cost_to_cost":
            spend(book, e, cents(amount * Decimal("0.68")))


def _plan_milestones(book: Book, e: Engagement, amount: Decimal) -> None:
    """Equal instalments: deliverables roughly monthly, or progress claims at the last working day of each month."""
    r = book.chance("milestones", e.key)
    dates = [last_business_day(d) for d in month_ends(e.starts_on + timedelta(days=20), e.ends_on)] or [
        on_business_day(e.ends_on)
    ]
    part = cents(amount / len(dates))
    for n, due in enumerate(dates, 1):
        share = part if n < len(dates) else amount - part * (len(dates) - 1)
        late = r.choice([0, 0, 0, 1, 3, 6]) if e.method == "fixed_milestone" else 0
        accepted: date | None = add_business_days(due, late)
        if accepted and (accepted > book.horizon or r.random() < 0.04):
            accepted = None
        name = f"Deliverable {n}" if e.method == "fixed_milestone" else f"Progress claim {n}"
        for item in agree_milestone(book, e, name, share, due, accepted):
            if r.random() < 0.015:
                item.treatment = "never"


def spend(book: Book, e: Engagement, estimate: Decimal) -> None:
    """Costs of a cost-to-cost engagement at each month end, up to its estimate at completion."""
    r = book.chance("costs", e.key)
    e.terms["estimate_at_completion"] = estimate
    # The books close with the month in which the engagement ends.
    ends = list(month_ends(e.starts_on, month_end(e.ends_on)))
    left = estimate
    for n, end in enumerate(ends):
        cost = left if n == len(ends) - 1 else cents(estimate / len(ends) * r.randint(85, 110) / 100)
        cost = min(cost, left)
        left -= cost
        if end <= book.horizon and cost:
            e.costs[end] = cost
