"""A firm at work: bookings, time, expenses, suppliers' invoices, milestones - and which of them leak by chance."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from ingestion.sandbox.facts import Assignment, Project
from ingestion.sandbox.firm.basics import (
    DAY,
    add_business_days,
    at,
    business_days,
    friday_of,
    last_business_day,
    log_normal,
    on_business_day,
)
from ingestion.sandbox.firm.costs import claim_expense, receive_supplier_invoice
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.model import Book, Engagement

INTERNAL, PRESALES, MEETINGS = "P-INTERNAL", "P-PRESALES", "P-MEETINGS"
NEVER_BILLED, NEVER_APPROVED, PHANTOM = 0.042, 0.006, 0.012
MISSING, ABSENT_OR_MISSING = 0.015, 0.075
"""Shares of the weeks whose timesheet never came, and of those without one because the person was on leave too."""
RESUBMITTED = 4
"""Business days after a submission that was rejected."""
FULL, MOST, REST, HALF = Decimal(8), Decimal(6), Decimal(2), Decimal("7.5")

Stint = tuple[date, date, "Engagement | str"]


def open_internal_projects(book: Book) -> None:
    """The firm's own projects, which nobody is ever billed for."""
    for key, name, kind in (
        (INTERNAL, "Bench and training", "internal"),
        (PRESALES, "Proposals", "presales"),
        (MEETINGS, "Internal meetings", "internal"),
    ):
        book.add(
            "projects",
            Project,
            at(book.starts_on - timedelta(days=300), 9),
            id=key,
            name=name,
            kind=kind,
            starts_on=book.starts_on,
        )


def schedule(book: Book, slots: list[list[Engagement]]) -> tuple[dict[str, list[Stint]], dict[str, list[str]]]:
    """Who works where and when: the stints of every person, and the people of every engagement by its key."""
    stints: dict[str, list[Stint]] = {}
    teams: defaultdict[str, list[str]] = defaultdict(list)
    for person in book.people:
        r = book.chance("schedule", person)
        day, plan = book.starts_on, []
        while day <= book.horizon:
            running = [e for slot in slots for e in slot if e.starts_on <= day <= e.ends_on]
            if r.random() < 0.86:
                place: Engagement | str = r.choices(running, [1 if e.method == "cost_plus" else 6 for e in running])[0]
                until = min(place.ends_on, day + timedelta(days=r.randint(20, 80)))  # type: ignore[union-attr]
            else:
                place, until = r.choice([INTERNAL, PRESALES]), day + timedelta(days=r.randint(4, 16))
            plan.append((day, until, place))
            if isinstance(place, Engagement):
                if person not in teams[place.key]:
                    teams[place.key].append(person)
                book_person(book, place.project, person, day, until)
            day = until + DAY
        stints[person] = plan
    return stints, teams


def book_person(book: Book, project: str, person: str, starts_on: date, ends_on: date, *, hard: bool = True) -> str:
    """Book a person on a project, a few days ahead; returns the assignment's id."""
    key = f"A-{person}-{project[2:]}-{starts_on:%y%m%d}"
    book.add(
        "assignments",
        Assignment,
        at(add_business_days(starts_on, -4), 11),
        id=key,
        project=project,
        resource=person,
        starts_on=starts_on,
        ends_on=ends_on,
        is_hard=hard,
        role=book.people.get(person),
    )
    return key


def log_time(book: Book, stints: dict[str, list[Stint]]) -> None:
    """Everybody's time of every working day, week by week."""
    for person, plan in stints.items():
        role = book.people[person]
        for week, days in _weeks(book):
            r = book.chance("week", person, week)
            luck = r.random()
            if luck < ABSENT_OR_MISSING:
                if luck >= MISSING:
                    book.absences.append((person, days))
                else:
                    places = [_place(plan, day) for day in days]
                    book.missing.append((person, days, [p if isinstance(p, Engagement) else None for p in places]))
                continue
            fates: dict[str, Fate] = {}
            for day in days:
                place = _place(plan, day)
                shares: list[tuple[Engagement | str, Decimal]] = [(place, HALF if r.random() < 0.1 else FULL)]
                if r.random() < 0.12:
                    shares = [(place, MOST), (MEETINGS, REST)]
                for n, (where, hours) in enumerate(shares, 1):
                    item = _entry(person, role, day, n, where, hours, r)
                    if item.project not in fates:
                        fates[item.project] = Fate(book, person, week, item)
                    fates[item.project].decide(item)
                    if item.engagement:
                        item.engagement.items.append(item)
                    book.time.append(item)


def _place(plan: list[Stint], day: date) -> Engagement | str:
    return next(place for first, last, place in plan if first <= day <= last)


def _weeks(book: Book) -> list[tuple[date, list[date]]]:
    weeks: defaultdict[date, list[date]] = defaultdict(list)
    for day in business_days(book.starts_on, book.horizon):
        weeks[friday_of(day)].append(day)
    return list(weeks.items())


def _entry(person: str, role: str, day: date, n: int, where: Engagement | str, hours: Decimal, r: Random) -> Item:
    key = f"T-{person}-{day:%y%m%d}-{n}"
    if isinstance(where, str):
        trap = "presales_project" if where == PRESALES else "internal_project"
        return Item(
            key,
            "time_entry",
            day,
            project=where,
            is_entitled=False,
            resource=person,
            role=role,
            hours=hours,
            is_billable=False,
            trap=trap,
        )
    item = Item(key, "time_entry", day, where, where.project, resource=person, role=role, hours=hours)
    luck = r.random()
    if where.method == "cost_plus" or luck < 0.02:
        item.is_billable = item.is_entitled = False
    elif luck < 0.04:
        item.billable_hours = hours - Decimal(2)
    price(item)
    return item


def price(item: Item) -> None:
    """Set what a time entry is worth under its contract and what the systems will say of it."""
    e = item.engagement
    assert e is not None
    item.rate = e.rate(item.resource, item.role, item.happened_on)
    item.applied_rate = e.applied_rate(item.resource, item.role, item.happened_on)
    hours = item.hours if item.billable_hours is None else item.billable_hours
    if e.method == "retainer":
        item.trap = "retainer_drawdown"
    elif e.method in ("fixed_milestone", "fixed_progress"):
        item.trap = "fixed_fee_time"
    elif e.discount:
        item.trap = "approved_discount"
    item.is_entitled = item.is_billable and e.is_priced_by_time
    if item.rate is not None and item.is_billable:
        item.value = e.time_value(hours, item.rate)
        if item.is_entitled and item.applied_rate is not None and item.applied_rate != item.rate:
            item.bill_amount, item.trap = e.time_value(hours, item.applied_rate), None


class Fate:
    """What becomes of one person's week on one project: submission, approval, and whether billing forgets it."""

    def __init__(self, book: Book, person: str, week: date, first: Item) -> None:
        r = book.chance("fate", person, week, first.project)
        e = first.engagement
        self.prompt = e is not None and e.prompt
        self.submitted_on = week if self.prompt or r.random() >= 0.12 else add_business_days(week, r.randint(2, 8))
        delay = 0 if self.prompt else min(25, log_normal(r, 2, 9, 1.6449))
        self.rejected = not self.prompt and r.random() < 0.015
        self.approved_on: date | None = add_business_days(self.submitted_on, delay + RESUBMITTED * self.rejected)
        if not self.prompt and r.random() < NEVER_APPROVED:
            self.approved_on, self.rejected = None, False
        self.treatment = "bill"
        if r.random() < NEVER_BILLED:
            self.treatment = "catch_up" if r.random() < 0.2 else "never"
        self.phantom = r.random() < PHANTOM

    def decide(self, item: Item) -> None:
        """Apply the week's fate to one of its entries."""
        submitted, approved = self.submitted_on, self.approved_on
        if self.prompt:
            submitted = approved = min(submitted, last_business_day(item.happened_on))
        item.submitted_at = at(submitted, 15)
        if self.rejected:
            item.rejected_at = at(add_business_days(submitted, 1), 10)
            item.resubmitted_at = at(add_business_days(submitted, RESUBMITTED), 9)
        if approved:
            item.approved_at = at(approved, 17 if approved == submitted else 12)
        if item.is_entitled and item.bill_amount is None and approved:
            if self.phantom:
                item.treatment, self.phantom = "phantom", False
            elif self.treatment != "bill":
                item.treatment = "catch_up" if self.treatment == "catch_up" else "never"
            if item.treatment != "bill":
                item.trap = None


def incur_costs(book: Book, stints: dict[str, list[Stint]]) -> None:
    """Expenses of travelling people and the invoices of subcontractors."""
    for person, plan in stints.items():
        for first, last, place in plan:
            if isinstance(place, str) or place.revrec == "as_invoiced":
                continue
            r = book.chance("travel", person, first)
            day = first
            while (day := day + timedelta(days=r.randint(7, 25))) <= last:
                if day <= book.horizon:
                    claim_expense(book, place, person, on_business_day(day), r)
    for e in book.engagements:
        if e.method == "cost_plus":
            r = book.chance("supplier", e.key)
            day = e.starts_on
            while (day := day + timedelta(days=r.randint(18, 32))) <= min(e.ends_on, book.horizon):
                receive_supplier_invoice(
                    book,
                    e,
                    day,
                    Decimal(r.randint(40, 220) * 100),
                    leaks=r.random() < 0.06,
                    approval_days=r.randint(1, 6),
                )
