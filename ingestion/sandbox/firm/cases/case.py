"""The pen that scripted engagements are written with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import ChangeOrder, Project, RateLine
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
from ingestion.sandbox.firm.contracts import record_card, signed_at
from ingestion.sandbox.firm.costs import record_expense
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.model import ApprovedChange, Book, Card, Engagement, Planted
from ingestion.sandbox.firm.setup import ENTITIES, hire, service_line
from ingestion.sandbox.firm.work import price

D = Decimal
ROLE = "Consultant"
WRITES_ITS_CARD = ("B", "C")
"""Engagements whose card changes, so that their cases record it themselves."""


class Case:
    """Writes small engagements by hand: prompt in everything but what is planted.

    ``people`` take working days one after the other; ``busy`` does what happens on a given day, ``idle`` what was never
    logged, ``parked`` waits for a project.
    """

    def __init__(self, book: Book, copy: int) -> None:
        self.book, self.copy = book, copy
        end = month_end(add_months(book.ends_on, -1))
        while end + timedelta(days=21) > book.ends_on:
            end = month_end(add_months(end, -1))
        self.month, self.earlier = month_start(end), add_months(end, -1)
        self.people = [f"X{copy}{letter}" for letter in "ABCDEFGHI"]
        for person in self.people:
            hire(book, person, ROLE, "USD", "contractor")
        self.busy, self.idle, self.parked = self.people[3], self.people[7], self.people[8]
        self._entries: Counter[tuple[str, date]] = Counter()
        self._free = {m: self._pairs(m) for m in (self.earlier, self.month)}

    def _pairs(self, month: date) -> Iterator[tuple[str, date]]:
        """Working days of three people, then of three others, to be taken one after the other."""
        for group in (self.people[:3], self.people[4:7]):
            for day in business_days(month + DAY * 2, month_end(month) - DAY * 4):
                for person in group:
                    yield person, day

    def engagement(
        self,
        tag: str,
        currency: str = "USD",
        method: str = "tm",
        rate: int = 200,
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
        revrec: str | None = None,
        role: str = ROLE,
        **terms: Any,
    ) -> Engagement:
        """A prompt engagement over both months with a card of one role."""
        customers = self.book.customers[currency]
        e = Engagement(
            f"K{self.copy}{tag}",
            customers[ord(tag[0]) % len(customers)],
            currency,
            ENTITIES[currency][0],
            method,
            starts_on or self.earlier,
            ends_on or month_end(self.book.ends_on + DAY * 100),
            prompt=True,
            revrec=revrec,
        )
        e.manager, e.set_up_days = self.people[0], 1
        e.terms = {"amount": D(60000), "passthrough_basis": "none"} | terms
        card = Card(
            f"RC-{e.key}", "contract_line", e.line, currency, [RateLine(id=f"RC-{e.key}-1", role=role, rate=D(rate))]
        )
        e.cards = [card, self.book.standard_cards[currency]]
        e.terms["rate_card"] = card.id
        self.book.engagements.append(e)
        if tag not in WRITES_ITS_CARD:
            record_card(self.book, card, signed_at(self.book, e))
        return e

    def work(
        self,
        e: Engagement,
        hours: int,
        day: date | None = None,
        *,
        month: date | None = None,
        person: str | None = None,
        role: str = ROLE,
        submitted: date | None = None,
        approved: date | None = None,
        **values: Any,
    ) -> Item:
        """Time of one person on one day, submitted and approved at the end of its week (or month) unless told."""
        person = person or self.busy
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

    def spend(
        self,
        e: Engagement,
        n: int,
        category: str,
        amount: str,
        currency: str,
        tax: str = "0",
        *,
        month: date | None = None,
        rejected: str | None = None,
        receipt: str | None = None,
        **values: Any,
    ) -> Item:
        """An expense of the n-th working day, decided within the week; ``tax`` is recovered.

        It is approved, or ``rejected`` for that reason.
        """
        day = self.nth(n, month)
        submitted = add_business_days(day, 1)
        decided = at(add_business_days(submitted, 2), 11)
        item = record_expense(
            self.book,
            e,
            self.people[1],
            day,
            category,
            D(amount),
            currency,
            at(submitted, 16),
            None if rejected else decided,
            D(tax),
            D(tax),
            rejected=decided if rejected else None,
            reason=rejected,
            receipt=receipt,
        )
        for name, value in values.items():
            setattr(item, name, value)
        return item

    def nth(self, n: int, month: date | None = None) -> date:
        """The n-th working day of the month of the cases, or of another."""
        return add_business_days((month or self.month) - DAY, n)

    def change_order(
        self,
        e: Engagement,
        requested: date,
        amount: int,
        *,
        approved: date | None = None,
        rejected: date | None = None,
        cap_delta: int = 0,
        **values: Any,
    ) -> str:
        """A change order that waits for its approval unless ``approved`` or ``rejected``; returns its id."""
        n = e.next_number("change order")
        order = self.book.add(
            "change_orders",
            ChangeOrder,
            at(requested, 10),
            id=f"CO-{e.key}-{n}",
            number=f"CO-{e.key}-{n}",
            contract=e.contract,
            contract_line=e.line,
            status="pending",
            requested_on=requested,
            amount=D(amount),
            cap_delta=D(cap_delta),
            currency=e.currency,
            **values,
        )
        if approved:
            change = {"status": "approved", "approved_on": approved, "effective_from": approved}
            order.changes.append((at(approved, 16), change))
            e.changes.append(ApprovedChange(approved, D(amount), D(cap_delta)))
        if rejected:
            order.changes.append((at(rejected, 16), {"status": "rejected"}))
        key: str = order.values["id"]
        return key

    def project(self, e: Engagement, suffix: str, created: datetime, name: str, **values: Any) -> str:
        """A further project of the engagement; returns its id."""
        key = f"{e.project}{suffix}"
        self.book.add(
            "projects",
            Project,
            created,
            id=key,
            code=f"P{e.key}{suffix}",
            name=name,
            customer=e.customer,
            contract_line=e.line,
            starts_on=e.starts_on,
            ends_on=e.ends_on,
            manager=e.manager,
            service_line=service_line(self.book, e.key),
            **values,
        )
        return key

    def plant(
        self,
        detector: str,
        item: str,
        kind: str,
        verdict: str,
        since: date,
        *,
        amount: Decimal = Decimal("0.00"),
        exposed: Decimal | None = None,
        currency: str = "USD",
    ) -> None:
        """Tell the answer key of a finding about something that is no billable item."""
        self.book.planted.append(
            Planted(detector, item, kind, verdict, currency, since, amount=amount, exposed_amount=exposed)
        )

    def look_alike(self, item: str, reason: str, since: date | None = None) -> None:
        """Tell the answer key of something that is in order."""
        self.book.traps.append((since or self.month, item, reason))
