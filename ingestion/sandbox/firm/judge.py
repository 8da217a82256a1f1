"""What stands in the answer key of a firm at the end of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ingestion.sandbox.firm.basics import DAY, add_business_days, cents
from ingestion.sandbox.firm.judge_contracts import judge_contract, judge_recognition
from ingestion.sandbox.firm.judge_invoices import judge_invoices
from ingestion.sandbox.firm.judge_items import judge_item, waiting
from ingestion.sandbox.firm.key import CATEGORIES, AnswerKey, Estimate, Leak, Trap, totals
from ingestion.sandbox.firm.model import Book

ZERO = Decimal(0)
MISSING_TIME_SLA = 5
"""Business days after the end of a week in which its time must be logged."""


def answer_key(book: Book, as_of: date) -> AnswerKey:
    """The planted truth of a firm at the end of ``as_of``."""
    leaks: list[Leak] = []
    entitled: defaultdict[str, Decimal] = defaultdict(Decimal)
    late_traps: list[Trap] = []
    for e in book.engagements:
        for item in (*e.items, *e.milestones):
            if item.happened_on > as_of or not item.is_entitled:
                continue
            entitled[e.currency] += (item.value or ZERO) + item.written_down
            found = list(judge_item(item, e, as_of))
            leaks += found
            if not found and item.trap is None and (reason := waiting(item, as_of)):
                late_traps.append(Trap(item=item.id, reason=reason))
        leaks += judge_contract(e, as_of)
        leaks += judge_recognition(e, as_of)
    leaks += judge_invoices(book, as_of)
    leaks += _planted(book, as_of)
    found_items = {leak.item for leak in leaks}
    traps = [Trap(item=item, reason=reason) for since, item, reason in book.traps if since <= as_of]
    traps += [t for t in _item_traps(book, as_of) if t.item not in found_items] + late_traps
    return AnswerKey(
        as_of=as_of,
        leaks=leaks,
        traps=traps,
        estimates=list(_missing_time(book, as_of)),
        totals=totals(leaks, entitled),
    )


def _planted(book: Book, as_of: date) -> Iterator[Leak]:
    for p in book.planted:
        if p.since <= as_of and (p.until is None or as_of < p.until):
            yield Leak(
                detector=p.detector,
                category=CATEGORIES[p.detector],
                item=p.item,
                item_kind=p.item_kind,  # type: ignore[arg-type]
                verdict=p.verdict,  # type: ignore[arg-type]
                amount=p.amount,
                currency=p.currency,
                exposed_amount=p.exposed_amount,
            )


def _item_traps(book: Book, as_of: date) -> Iterator[Trap]:
    for item in book.time:
        if item.trap and item.happened_on <= as_of:
            yield Trap(item=item.id, reason=item.trap)
    for e in book.engagements:
        for item in (*e.items, *e.milestones):
            decided_at = item.approved_at or item.rejected_at
            if item.kind != "time_entry" and item.trap and decided_at and decided_at.date() <= as_of:
                yield Trap(item=item.id, reason=item.trap)


def _missing_time(book: Book, as_of: date) -> Iterator[Estimate]:
    """The weeks without a timesheet, for the part that was worked by the hour."""
    for person, days, places in book.missing:
        monday = days[0] - timedelta(days=days[0].weekday())
        if add_business_days(monday + DAY * 6, MISSING_TIME_SLA) >= as_of:
            continue
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for day, e in zip(days, places, strict=True):
            if e is not None and e.is_priced_by_time:
                rate = e.rate(person, book.role_of(person), day)
                sums[e.currency] += ZERO if rate is None else cents(rate * 8)
        for currency, amount in sums.items():
            yield Estimate(item=person, week=monday, amount=amount, currency=currency)
