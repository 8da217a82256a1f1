"""Scripted engagements: each kind of leak once for certain, beside the cases that look the same and are in order.

What chance plants in the ordinary engagements makes the volume; these small ones make sure that nothing is missing.
They happen in the latest month whose invoices are well past due at the firm's end date, and in the month before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import Project, RateLine
from ingestion.sandbox.firm.basics import (
    DAY,
    add_business_days,
    add_months,
    at,
    business_days,
    friday_of,
    last_business_day,
    month_end,
    month_start,
)
from ingestion.sandbox.firm.billing import bill_alone
from ingestion.sandbox.firm.contracts import changed_lines, record_card
from ingestion.sandbox.firm.costs import agree_milestone, order_from_supplier, receive_supplier_invoice, record_expense
from ingestion.sandbox.firm.model import Book, Card, Engagement, Item, RevenueError
from ingestion.sandbox.firm.setup import ENTITIES, hire
from ingestion.sandbox.firm.work import PRESALES, book_person, price

D = Decimal
ROLE, RARE_ROLE = "Consultant", "Quantum Specialist"


def script(book: Book) -> None:
    """Add the scripted engagements, several times in a large firm."""
    for copy in range(1, 2 + book.staff // 150):
        case = Case(book, copy)
        case.time_not_billed()
        case.rate_changes()
        case.wrong_currency()
        case.missing_rate()
        case.expenses()
        case.milestones()
        case.suppliers()
        case.caps_and_retainer()
        case.merged_project()
        case.credit_and_discount()
        case.revenue()


class Case:
    """Writes small engagements by hand: prompt in everything but what is planted."""

    def __init__(self, book: Book, copy: int) -> None:
        self.book, self.copy = book, copy
        end = month_end(add_months(book.ends_on, -1))
        while end + timedelta(days=21) > book.ends_on:
            end = month_end(add_months(end, -1))
        self.month, self.earlier = month_start(end), add_months(end, -1)
        self.people = [f"X{copy}{letter}" for letter in "ABCD"]
        for person in self.people:
            hire(book, person, ROLE, "USD", "contractor")
        self._entries: Counter[tuple[str, date]] = Counter()
        self._free = {m: self._pairs(m) for m in (self.earlier, self.month)}

    def _pairs(self, month: date) -> Iterator[tuple[str, date]]:
        """Working days of the first three people, to be taken one after the other."""
        return ((p, day) for day in business_days(month + DAY * 2, month_end(month) - DAY * 4) for p in self.people[:3])

    def engagement(
        self, tag: str, currency: str = "USD", method: str = "tm", rate: int = 200, **terms: Any
    ) -> Engagement:
        """A prompt engagement over both months with a card of one role."""
        customers = self.book.customers[currency]
        e = Engagement(
            f"K{self.copy}{tag}",
            customers[ord(tag[0]) % len(customers)],
            currency,
            ENTITIES[currency][0],
            method,
            self.earlier,
            month_end(self.book.ends_on + DAY * 100),
            prompt=True,
        )
        e.manager = self.people[0]
        e.terms = {"amount": D(60000), "passthrough_basis": "none"} | terms
        card = Card(
            f"RC-{e.key}", "contract_line", e.line, currency, [RateLine(id=f"RC-{e.key}-1", role=ROLE, rate=D(rate))]
        )
        e.cards = [card, self.book.standard_cards[currency]]
        e.terms["rate_card"] = card.id
        self.book.engagements.append(e)
        if tag not in ("B", "C"):
            record_card(self.book, card, at(add_business_days(e.starts_on, -9), 11))
        return e

    def work(
        self,
        e: Engagement,
        hours: int,
        day: date | None = None,
        *,
        month: date | None = None,
        role: str = ROLE,
        submitted: date | None = None,
        approved: date | None = None,
        **values: Any,
    ) -> Item:
        """Time of one person on one day, submitted and approved at the end of its week (or month) unless told."""
        person = self.people[3]
        if day is None:
            person, day = next(self._free[month or self.month])
        self._entries[person, day] += 1
        submitted = submitted or min(friday_of(day), last_business_day(day))
        approved = approved or submitted
        item = Item(
            f"T-{person}-{day:%y%m%d}-{self._entries[person, day]}",
            "time_entry",
            day,
            e,
            values.pop("project", e.project),
            resource=person,
            role=role,
            hours=D(hours),
            submitted_at=at(submitted, 15),
            approved_at=at(approved, 17 if approved == submitted else 12),
        )
        price(item)
        for name, value in values.items():
            setattr(item, name, value)
        e.items.append(item)
        self.book.time.append(item)
        return item

    def nth(self, n: int) -> date:
        """The n-th working day of the month of the cases."""
        return add_business_days(self.month - DAY, n)

    def time_not_billed(self) -> None:
        e = self.engagement("A")
        for _ in range(6):
            self.work(e, 8)
        self.work(e, 10, treatment="never")
        self.work(e, 4, treatment="phantom")
        self.work(e, 5, treatment="draft_only")
        self.work(e, 6, self.nth(7)).approved_at = None
        hold = {
            "reason": "customer reorganises its purchase orders",
            "placed_on": add_business_days(month_end(self.month), 2),
            "expires_on": self.book.ends_on + timedelta(days=90),
        }
        self.work(e, 6, treatment="never", hold=hold, trap="billing_hold")
        last = last_business_day(self.month)
        submitted = max(friday_of(last), add_business_days(last, 1))
        self.work(e, 8, last, submitted=submitted, approved=add_business_days(submitted, 2))
        self.work(e, 8, add_business_days(month_start(self.book.ends_on) - DAY, 1))
        start = add_business_days(month_start(self.book.ends_on), 3)
        booking = book_person(self.book, e.project, self.people[2], start, start + DAY * 40, hard=False)
        self.book.traps.append((start, booking, "soft_booking"))
        presales = Item(
            f"T-{self.people[3]}-{self.nth(3):%y%m%d}-9",
            "time_entry",
            self.nth(3),
            project=PRESALES,
            is_entitled=False,
            resource=self.people[3],
            role=ROLE,
            hours=D(6),
            is_billable=False,
            trap="presales_project",
            submitted_at=at(friday_of(self.nth(3)), 15),
            approved_at=at(friday_of(self.nth(3)), 17),
        )
        self.book.time.append(presales)

    def rate_changes(self) -> None:
        for tag, rate, percent in (("B", 200, D(10)), ("C", 220, D(-10))):
            e = self.engagement(tag, rate=rate)
            card = e.cards[0]
            change_on = self.nth(8)
            card.applied_lines = card.lines
            card.lines = changed_lines(card.lines, change_on, percent)
            card.changed_at = at(self.nth(3), 10)
            record_card(self.book, card, at(add_business_days(e.starts_on, -9), 11))
            approved = add_business_days(change_on, 2)
            self.work(e, 6, self.nth(7), submitted=change_on, approved=approved, trap="old_rate_before_change")
            for n in (9, 10, 11):
                self.work(e, 2, self.nth(n))

    def wrong_currency(self) -> None:
        e = self.engagement("D", "EUR", rate=150)
        day = self.nth(12)
        item = self.work(e, 10, day, submitted=day)
        bill_alone(self.book, e, item, day, "USD")

    def missing_rate(self) -> None:
        e = self.engagement("E", "GBP", rate=140)
        self.work(e, 7, role=RARE_ROLE)
        self.work(e, 8)

    def spend(
        self, e: Engagement, n: int, category: str, amount: str, currency: str, tax: str = "0", **values: Any
    ) -> Item:
        """An expense of the n-th working day, approved within the week; ``tax`` is recovered."""
        submitted = add_business_days(self.nth(n), 1)
        item = record_expense(
            self.book,
            e,
            self.people[1],
            self.nth(n),
            category,
            D(amount),
            currency,
            at(submitted, 16),
            at(add_business_days(submitted, 2), 11),
            D(tax),
            D(tax),
        )
        for name, value in values.items():
            setattr(item, name, value)
        return item

    def expenses(self) -> None:
        e = self.engagement("F", expense_policy="markup", expense_markup_pct=D(10))
        self.spend(e, 2, "Hotel", "400.00", "USD", treatment="never")
        self.spend(e, 3, "Airfare", "650.00", "USD", bill_amount=D("650.00"))
        self.spend(e, 4, "Training", "595.00", "EUR", "95.00")
        capped = self.engagement("G", "EUR", expense_policy="at_cost", expense_cap_amount=D(1000))
        self.spend(capped, 2, "Hotel", "833.00", "EUR", "133.00")
        self.spend(capped, 5, "Airfare", "300.00", "EUR")
        self.spend(capped, 9, "Hotel", "300.00", "EUR", treatment="never", trap="over_expense_cap")

    def milestones(self) -> None:
        e = self.engagement("H", "USD", "fixed_milestone", expense_policy="inclusive")
        e.revrec = "milestone_output"
        other = next(c for c in self.book.customers["USD"] if c != e.customer)
        _, unbilled = agree_milestone(
            self.book, e, "Design", D(10000), self.nth(4), self.nth(5), {e.customer: D(60), other: D(40)}
        )
        unbilled.treatment = "never"
        (forgotten,) = agree_milestone(self.book, e, "Build", D(25000), self.nth(9), self.nth(10))
        forgotten.treatment = "never"
        (late,) = agree_milestone(self.book, e, "Pilot", D(8000), self.nth(2), self.nth(2))
        bill_alone(self.book, e, late, add_business_days(self.nth(2), 14))
        agree_milestone(self.book, e, "Rollout", D(17000), self.nth(14), None)
        self.spend(e, 6, "Hotel", "380.00", "USD")

    def suppliers(self) -> None:
        plus = self.engagement("I", "USD", "cost_plus", passthrough_basis="cost_plus", passthrough_markup_pct=D(15))
        receive_supplier_invoice(self.book, plus, self.nth(4), D(6000), leaks=True)
        receive_supplier_invoice(self.book, plus, self.nth(6), D(3000), leaks=False)
        order = order_from_supplier(self.book, plus, self.nth(8), D(4500))
        self.book.traps.append((self.nth(8), order, "purchase_order_only"))
        at_rate = self.engagement("J", "GBP", rate=160, passthrough_basis="time_at_rate")
        for _ in range(4):
            self.work(at_rate, 8)
        receive_supplier_invoice(self.book, at_rate, self.nth(9), D(3200), leaks=False)

    def caps_and_retainer(self) -> None:
        capped = self.engagement("K", method="tm_cap", amount=D(4800), cap_amount=D(4800))
        for _ in range(3):
            self.work(capped, 8, month=self.earlier)
        self.work(capped, 8, treatment="never", trap="over_cap")
        retainer = self.engagement("L", "EUR", "retainer", 150, amount=D(18000))
        retainer.revrec = "straight_line"
        self.work(retainer, 8)
        self.work(retainer, 4)

    def merged_project(self) -> None:
        e = self.engagement("M", rate=150)
        old = f"{e.project}OLD"
        project = self.book.add(
            "projects",
            Project,
            at(add_business_days(e.starts_on, -5), 10),
            id=old,
            code=f"P{e.key}OLD",
            name=f"Delivery {e.key} (old code)",
            customer=e.customer,
            contract_line=e.line,
            starts_on=e.starts_on,
            ends_on=e.ends_on,
            manager=e.manager,
        )
        project.changes.append((at(self.nth(15), 10), {"merged_into": e.project, "status": "closed"}))
        self.work(e, 8, self.nth(5), project=old, trap="merged_project")
        self.work(e, 4, self.nth(6), project=old, trap="merged_project")
        self.work(e, 8)

    def credit_and_discount(self) -> None:
        corrected = self.engagement("N", rate=250)
        corrected.credit_and_rebill = True
        for _ in range(3):
            self.work(corrected, 8, trap="credit_and_rebill")
        reduced = self.engagement("O", discount_pct=D(5))
        for _ in range(5):
            self.work(reduced, 8)

    def revenue(self) -> None:
        """One engagement per rule: too little, too much, a month late, and all that was billed."""
        this, before = month_end(self.month), month_end(self.earlier)
        low = self.engagement("P")
        low.revrec, low.revenue_error = "as_invoiced", RevenueError("R01", this, D("0.25"))
        late = self.engagement("R")
        late.revrec, late.revenue_error = "as_invoiced", RevenueError("R03", before)
        for _ in range(4):
            self.work(low, 8)
            self.work(late, 8, month=self.earlier)
        for tag, rule, billed in (("Q", "R02", 40000), ("S", "R04", 36000)):
            e = self.engagement(tag, "USD", "fixed_progress", amount=D(100000), estimate_at_completion=D(80000))
            e.costs = {this: D(20000)}
            e.revrec, e.revenue_error = "cost_to_cost", RevenueError(rule, this, D("0.2"))  # type: ignore[arg-type]
            agree_milestone(self.book, e, "Progress claim 1", D(billed), self.nth(6), self.nth(6))
