"""Time that is not billed, not approved, held, taken off, never logged, or worked without a signature."""

from __future__ import annotations

from datetime import timedelta

from ingestion.sandbox.firm.basics import (
    DAY,
    add_business_days,
    at,
    business_days,
    friday_of,
    last_business_day,
    month_end,
    month_start,
)
from ingestion.sandbox.firm.cases.case import ROLE, Case, D
from ingestion.sandbox.firm.items import ISSUE_SLA, Item
from ingestion.sandbox.firm.work import PRESALES, book_person

RARE_ROLE = "Quantum Specialist"


def not_billed(case: Case) -> None:
    """Forgotten, phantom, on a draft, never approved; beside what waits, is held for a reason, or is nobody's."""
    e, book = case.engagement("A"), case.book
    for _ in range(6):
        case.work(e, 8)
    case.work(e, 10, treatment="never")
    case.work(e, 4, treatment="phantom")
    case.work(e, 5, treatment="draft_only")
    case.work(e, 6, case.nth(7)).approved_at = None
    hold = {
        "reason": "customer reorganises its purchase orders",
        "placed_on": book.ends_on - DAY * 10,
        "expires_on": book.ends_on + timedelta(days=90),
    }
    case.work(e, 6, treatment="never", hold=hold, trap="billing_hold")
    last = last_business_day(case.month)
    submitted = max(friday_of(last), add_business_days(last, 1))
    case.work(e, 8, last, submitted=submitted, approved=add_business_days(submitted, 2))
    case.work(e, 8, add_business_days(month_start(book.ends_on) - DAY, 1))
    start = add_business_days(month_start(book.ends_on), 3)
    booking = book_person(book, e.project, case.people[2], start, start + DAY * 40, hard=False)
    case.look_alike(booking, "soft_booking", start)
    presales = Item(
        f"T-{case.busy}-{case.nth(3):%y%m%d}-9",
        "time_entry",
        case.nth(3),
        project=PRESALES,
        is_entitled=False,
        resource=case.busy,
        role=ROLE,
        hours=D(6),
        is_billable=False,
        trap="presales_project",
        submitted_at=at(friday_of(case.nth(3)), 15),
        approved_at=at(friday_of(case.nth(3)), 17),
    )
    book.time.append(presales)


def missing_rate(case: Case) -> None:
    e = case.engagement("E", "GBP", rate=140)
    case.work(e, 7, role=RARE_ROLE)
    case.work(e, 8)


def held(case: Case) -> None:
    """Holds without an end, held for too long, and held because the customer disputes the hours."""
    e, later = case.engagement("TA"), case.book.ends_on + timedelta(days=90)
    no_end = {"reason": "waits for a purchase order", "placed_on": case.nth(15)}
    case.work(e, 6, treatment="never", hold=no_end)
    too_old = {"reason": "waits for a purchase order", "placed_on": case.nth(9, case.earlier), "expires_on": later}
    case.work(e, 5, case.nth(4, case.earlier), treatment="never", hold=too_old)
    dispute = {"reason": "dispute about the hours", "placed_on": case.nth(15), "expires_on": later}
    case.work(e, 4, treatment="never", hold=dispute)


def written_down(case: Case) -> None:
    """An approver takes two of ten hours off, once without a word and once for a reason."""
    e = case.engagement("TB")
    for reason in (None, "rework"):
        item = case.work(e, 10, billable_hours=D(8), is_written_down=True, writedown_reason=reason)
        item.value = D(1600)
        if reason:
            item.trap = "explained_writedown"
        else:
            item.written_down = D(400)


def never_logged(case: Case) -> None:
    """A week of firm bookings without a single hour."""
    e = case.engagement("TC", rate=180)
    monday = case.month + DAY * (7 - case.month.weekday())
    days = list(business_days(monday, monday + DAY * 4))
    book_person(case.book, e.project, case.idle, days[0], days[-1])
    case.book.missing.append((case.idle, days, [e] * len(days)))


def change_orders(case: Case) -> None:
    """Raised caps that the ledger knows nothing of, all of, or a part of, and work for unsigned change orders."""
    for tag, unknown_to in (("TD", ["erp"]), ("TE", [])):
        e = case.engagement(tag, method="tm_cap", amount=D(2000), cap_amount=D(2000))
        order = case.change_order(e, case.nth(2), 1600, approved=case.nth(5), cap_delta=1600, unknown_to=unknown_to)
        case.work(e, 10, case.nth(6), person=case.people[4])
        if unknown_to:
            case.work(e, 6, case.nth(8), person=case.people[4], treatment="never", unbilled_as="L17")
            since = add_business_days(month_end(case.month), ISSUE_SLA) + DAY
            case.plant("L17", order, "change_order", "control_gap", since, exposed=D(400))
        else:
            case.work(e, 6, case.nth(8), person=case.people[4], trap="change_order_known")
    e = case.engagement("TH", method="tm_cap", amount=D(2000), cap_amount=D(2000))
    known = {"erp": {"amount": D(400), "cap_delta": D(400)}}
    order = case.change_order(e, case.nth(2), 1600, approved=case.nth(5), cap_delta=1600, known_as=known)
    case.work(e, 10, case.nth(6), person=case.people[5])
    case.work(e, 2, case.nth(7), person=case.people[5])
    case.work(e, 4, case.nth(8), person=case.people[5], treatment="never", unbilled_as="L17")
    since = add_business_days(month_end(case.month), ISSUE_SLA) + DAY
    case.plant("L17", order, "change_order", "control_gap", since, exposed=D(400))
    e = case.engagement("TF")
    pending = case.change_order(e, case.nth(3), 4000)
    refused = case.change_order(e, case.nth(3), 3000, rejected=case.nth(10))
    case.work(e, 5, change_order=pending, treatment="never", unbilled_as="L18")
    case.work(e, 3, change_order=refused, treatment="never", is_entitled=False, trap="change_order_rejected")


def closed_project(case: Case) -> None:
    """A project that is closed while hours of it are still unbilled."""
    e = case.engagement("TG")
    e.closed_on = case.nth(19)
    case.work(e, 7, treatment="never", unbilled_as="L37")
    case.work(e, 8, trap="closed_project_billed")
