"""Money that is not owed by the hour: milestones, progress, prepaid hours, minimum commitments, retainage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ingestion.sandbox.facts import InvoiceLine, ProgressReport, Retainer
from ingestion.sandbox.firm.basics import DAY, add_business_days, at, month_end
from ingestion.sandbox.firm.billing import bill_alone, bill_line
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.costs import agree_milestone
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.model import Engagement


def milestones(case: Case) -> None:
    e, book = case.engagement("H", "USD", "fixed_milestone", expense_policy="inclusive"), case.book
    e.revrec = "milestone_output"
    other = next(c for c in book.customers["USD"] if c != e.customer)
    shares = {e.customer: D(60), other: D(40)}
    _, unbilled = agree_milestone(book, e, "Design", D(10000), case.nth(4), case.nth(5), shares)
    unbilled.treatment = "never"
    (forgotten,) = agree_milestone(book, e, "Build", D(25000), case.nth(9), case.nth(10))
    forgotten.treatment = "never"
    (late,) = agree_milestone(book, e, "Pilot", D(8000), case.nth(2), case.nth(2))
    bill_alone(book, e, late, add_business_days(case.nth(2), 14))
    agree_milestone(book, e, "Rollout", D(17000), case.nth(14), None)
    case.spend(e, 6, "Hotel", "380.00", "USD")


def silence(case: Case) -> None:
    """Nobody objected to one milestone until the contract's last day for that; the day of another lies ahead."""
    e = case.engagement("HA", "USD", "fixed_milestone", expense_policy="inclusive")
    (silent,) = agree_milestone(case.book, e, "Concept", D(5000), case.nth(3), None, deemed_on=case.nth(8))
    silent.treatment = "never"
    agree_milestone(case.book, e, "Handover", D(6000), case.nth(12), None, deemed_on=case.book.horizon + DAY * 30)


def caps_and_retainer(case: Case) -> None:
    capped = case.engagement("K", method="tm_cap", amount=D(4800), cap_amount=D(4800))
    for _ in range(3):
        case.work(capped, 8, month=case.earlier)
    case.work(capped, 8, treatment="never", trap="over_cap")
    retainer = case.engagement("L", "EUR", "retainer", 150, amount=D(18000))
    retainer.revrec = "straight_line"
    case.work(retainer, 8)
    case.work(retainer, 4)


def progress(case: Case) -> None:
    """30 % and then 55 % of the price accepted, only the first part billed; 70 % are reported but not accepted."""
    e = case.engagement("GA", "USD", "fixed_progress", amount=D(40000))
    reports: list[tuple[int, date, date | None]] = [
        (30, case.nth(2), case.nth(3)),
        (55, case.nth(7), case.nth(8)),
        (70, case.nth(14), None),
    ]
    before = 0
    for n, (percent, reported, accepted) in enumerate(reports, 1):
        key = f"PR-{e.key}-{n}"
        record = case.book.add(
            "progress_reports",
            ProgressReport,
            at(reported, 12),
            id=key,
            contract_line=e.line,
            project=e.project,
            reported_on=reported,
            completed_pct=D(percent),
        )
        if accepted is None:
            case.look_alike(key, "progress_not_accepted", reported)
            continue
        record.changes.append((at(accepted, 11), {"accepted_on": accepted}))
        value, before = D(40000) * (percent - before) / 100, percent
        item = Item(key, "progress", accepted, e, e.project, value=value, approved_at=at(accepted, 11))
        e.milestones.append(item)
        if n == 1:
            bill_alone(case.book, e, item, add_business_days(accepted, 2))
        else:
            item.treatment = "never"


def prepaid_hours(case: Case) -> None:
    """Hours beyond the prepaid ones; prepaid hours that lapse and stay a liability, and such that are paid back."""
    end, before = month_end(case.month), month_end(case.earlier)
    used_up = case.engagement("GB", "USD", "retainer", overage_rate=D(180), amount=D(3000))
    _sell_hours(case, used_up, case.month, end, 20, D(3000))
    for n in (3, 4):
        case.work(used_up, 8, case.nth(n), person=case.people[4])
    beyond = case.work(used_up, 8, case.nth(5), person=case.people[4], treatment="never", unbilled_as="L29")
    beyond.is_entitled, beyond.value, beyond.trap = True, D(720), None
    for tag, is_refundable in (("GC", False), ("GD", True)):
        e = case.engagement(tag, "USD", "retainer", revrec="prepaid_drawdown", amount=D(1500))
        key = _sell_hours(case, e, case.earlier, before, 10, D(1500), is_refundable=is_refundable)
        case.work(e, 4, case.nth(6, case.earlier), person=case.people[5 if is_refundable else 4])
        e.recognised = {before: D(600)}
        if is_refundable:
            case.look_alike(key, "refundable_hours")
        else:
            case.plant("L30", key, "retainer", "compliance", before + DAY, exposed=D(900))
            case.plant("R01", e.line, "contract_line", "compliance", before, exposed=D(900))


def _sell_hours(
    case: Case, e: Engagement, starts_on: date, expires_on: date, hours: int, amount: Decimal, **values: bool
) -> str:
    e.buys_hours = True
    key = f"RT-{e.key}"
    case.book.add(
        "retainers",
        Retainer,
        at(add_business_days(starts_on, -2), 9),
        id=key,
        contract_line=e.line,
        starts_on=starts_on,
        expires_on=expires_on,
        hours=D(hours),
        amount=amount,
        currency=e.currency,
        **values,
    )
    line = InvoiceLine(
        contract_line=e.line,
        project=e.project,
        description="Prepaid hours",
        kind="retainer",
        unit_price=amount,
        service_from=starts_on,
        service_to=expires_on,
    )
    bill_line(case.book, e, f"INV-{e.key}-P", case.nth(1, starts_on), line)
    return key


def minimum(case: Case) -> None:
    """5,000 a month were promised and 3,000 bought; once without and once with a true-up."""
    end = month_end(case.month)
    for tag, person in (("GE", case.people[4]), ("GF", case.people[5])):
        e = case.engagement(
            tag,
            starts_on=case.month,
            ends_on=end,
            min_commitment_amount=D(5000),
            min_commitment_period="month",
        )
        case.work(e, 8, case.nth(6), person=person)
        case.work(e, 7, case.nth(7), person=person)
        if tag == "GF":
            line = InvoiceLine(
                contract_line=e.line,
                description="Minimum of the month",
                kind="true_up",
                unit_price=D(2000),
                service_from=case.month,
                service_to=end,
            )
            bill_line(case.book, e, f"INV-{e.key}-T", add_business_days(end, 3), line)
            case.look_alike(e.line, "true_up_billed")
        else:
            short = Item(
                f"MIN-{e.key}", "commitment", end, e, value=D(2000), approved_at=at(end, 20), treatment="never"
            )
            e.items.append(short)


def retainage(case: Case) -> None:
    """A tenth of each invoice is kept back: not released in time, released, and not due yet."""
    released_on = case.book.ends_on - DAY * 4
    releases = (
        ("GG", released_on, None),
        ("GH", released_on, "retainage_released"),
        ("GI", case.book.ends_on + DAY * 200, "retainage_not_due"),
    )
    for (tag, release_on, trap), person in zip(releases, case.people[4:7], strict=True):
        e = case.engagement(tag, retainage_pct=D(10), retainage_release_on=release_on)
        day = case.nth(9)
        item = case.work(e, 10, day, person=person, submitted=day, kept_back=D(200), trap=trap)
        bill_alone(case.book, e, item, case.nth(11))
        if trap is None:
            item.release_on = release_on
        if trap == "retainage_released":
            line = InvoiceLine(
                contract_line=e.line,
                project=e.project,
                description="Release of retainage",
                kind="retainage_release",
                unit_price=D(200),
            )
            bill_line(case.book, e, f"INV-{e.key}-R", add_business_days(released_on, -2), line)


def overrun(case: Case) -> None:
    """A small fixed price that takes more work than it pays for."""
    e = case.engagement("GJ", "USD", "fixed_milestone", amount=D(3000))
    for _ in range(2):
        case.work(e, 8)
    agree_milestone(case.book, e, "Workshop", D(3000), case.nth(12), case.nth(12))
