"""Prices that are not the agreed ones: old rates, wrong currencies, rises, discounts, quantities."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import Tier
from ingestion.sandbox.firm.basics import DAY, add_business_days, at
from ingestion.sandbox.firm.billing import bill_alone
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.contracts import changed_lines, record_card, signed_at
from ingestion.sandbox.firm.items import Item


def rate_changes(case: Case) -> None:
    """The card rises and falls, and the biller goes on with the old rates."""
    for tag, rate, percent in (("B", 200, D(10)), ("C", 220, D(-10))):
        e = case.engagement(tag, rate=rate)
        card = e.cards[0]
        change_on = case.nth(8)
        card.applied_lines = card.lines
        card.lines = changed_lines(card.lines, change_on, percent)
        card.changed_at = at(case.nth(3), 10)
        record_card(case.book, card, signed_at(case.book, e))
        approved = add_business_days(change_on, 2)
        case.work(e, 6, case.nth(7), submitted=change_on, approved=approved, trap="old_rate_before_change")
        for n in (9, 10, 11):
            case.work(e, 2, case.nth(n))


def wrong_currency(case: Case) -> None:
    e = case.engagement("D", "EUR", rate=150)
    day = case.nth(12)
    item = case.work(e, 10, day, submitted=day)
    bill_alone(case.book, e, item, day, "USD")


def credit_and_discount(case: Case) -> None:
    corrected = case.engagement("N", rate=250)
    corrected.credit_and_rebill = True
    for _ in range(3):
        case.work(corrected, 8, trap="credit_and_rebill")
    reduced = case.engagement("O", discount_pct=D(5))
    for _ in range(5):
        case.work(reduced, 8)


def _bill_at(item: Item, value: Decimal, billed: Decimal, trap: str | None = None) -> None:
    """The item is worth ``value`` and goes out at ``billed``."""
    item.value, item.bill_amount = value, billed
    item.applied_rate = billed / item.hours
    item.trap = trap


def rises(case: Case) -> None:
    """A yearly rise of 3 % that billing left out once, and one whose announcement was forgotten."""
    rise_on = case.nth(5)
    rise: dict[str, Any] = {"uplift_pct": D(3), "uplift_on": rise_on, "uplift_notice_due_on": case.earlier + DAY * 9}
    e = case.engagement("PA", **rise, uplift_notice_on=case.earlier + DAY * 2)
    case.work(e, 8, case.nth(4), person=case.people[4], trap="work_before_rise")
    late = case.work(e, 8, case.nth(6), person=case.people[4], underbilled_as="L14")
    _bill_at(late, D(1648), D(1600))
    in_time = case.work(e, 8, case.nth(7), person=case.people[4])
    _bill_at(in_time, D(1648), D(1648), "rise_billed")
    lost = case.engagement("PB", **rise)
    billed = case.work(lost, 8, case.nth(6), person=case.people[5], lost=D(48))
    _bill_at(billed, D(1648), D(1600))
    forgotten = case.work(lost, 8, case.nth(7), person=case.people[5], lost=D(48), treatment="never")
    forgotten.value = D(1648)


def discounts(case: Case) -> None:
    """A discount that goes on after its end, and a volume discount that is given too early and once not at all."""
    e = case.engagement("PC", discount_pct=D(10), discount_ends_on=case.nth(6))
    case.work(e, 8, case.nth(6), person=case.people[4])
    item = case.work(e, 8, case.nth(7), person=case.people[4], underbilled_as="L15", trap=None)
    item.value, item.bill_amount = D(1600), D(1440)
    tiers = [Tier(from_amount=D(0), discount_pct=D(0)), Tier(from_amount=D(3000), discount_pct=D(10))]
    e = case.engagement("PD", rate=250, tiers=tiers)
    work: list[tuple[date, int, int, str | None]] = [
        (case.nth(4), 2000, 2000, None),
        (case.nth(5), 1900, 1800, None),
        (case.nth(6), 1800, 2000, None),
        (case.nth(7), 1800, 1800, "tier_discount"),
    ]
    for day, value, billed, trap in work:
        item = case.work(e, 8, day, person=case.people[5], underbilled_as="L15", overbilled_as="L15")
        _bill_at(item, D(value), D(billed), trap)


def billed_twice(case: Case) -> None:
    """The same hours on two invoices."""
    e = case.engagement("PE")
    item = case.work(e, 7, case.nth(4), person=case.people[6], submitted=case.nth(4), overbilled_as="L28")
    bill_alone(case.book, e, item, case.nth(6))
    bill_alone(case.book, e, item, case.nth(9), again=2)
