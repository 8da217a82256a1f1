"""What the generator knows about its firm while it simulates: engagements, cards, records with a history."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, Literal

from ingestion.sandbox.facts import Fact, RateLine
from ingestion.sandbox.firm.basics import HUNDRED, cents, chance
from ingestion.sandbox.firm.items import Item


@dataclass(slots=True)
class Record:
    """A fact with its history: the values it was created with and what changed when."""

    model: type[Fact]
    created: datetime
    values: dict[str, Any]
    changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def at(self, moment: datetime) -> Fact | None:
        """The fact as it stood at ``moment``; None before its creation."""
        if self.created > moment:
            return None
        values, updated = dict(self.values), self.created
        for when, change in sorted(self.changes, key=lambda c: c[0]):
            if when <= moment:
                values |= change
                updated = when
        return self.model(**values, created_at=self.created, updated_at=updated)


@dataclass(slots=True)
class Card:
    """A rate card as agreed; ``lines`` hold rates per role or resource in half-open date intervals."""

    id: str
    scope: Literal["contract_line", "contract", "customer", "standard"]
    scope_id: str | None
    currency: str
    lines: list[RateLine]
    applied_lines: list[RateLine] | None = None
    """What the delivery system was told instead, when it was not told the same."""
    changed_at: datetime | None = None
    """When the lines took their final form (a rate change was agreed); before, only the first rates were known."""

    def rate(self, resource: str, role: str, day: date, lines: list[RateLine] | None = None) -> Decimal | None:
        """The rate on ``day``: a line of the resource, else one of the role."""
        by_role = None
        for line in self.lines if lines is None else lines:
            if line.valid_from <= day and (line.valid_to is None or day < line.valid_to):
                if line.resource == resource:
                    return line.rate
                if line.resource is None and line.role == role:
                    by_role = line.rate
        return by_role


@dataclass(slots=True, eq=False)
class Engagement:
    """One contract with one contract line and its projects."""

    key: str
    customer: str
    currency: str
    legal_entity: str
    method: str
    starts_on: date
    ends_on: date
    prompt: bool = False
    """Time is submitted by month end and approved the same day, invoices leave in time: no delay by chance."""
    bills_late_approvals: bool = False
    """The biller takes what was approved until the draft is written, not only until the cut-off."""
    revrec: str | None = None
    terms: dict[str, Any] = field(default_factory=dict)
    """Further fields of the contract line."""
    cards: list[Card] = field(default_factory=list)
    """Agreed cards, most specific first."""
    items: list[Item] = field(default_factory=list)
    milestones: list[Item] = field(default_factory=list)
    costs: dict[date, Decimal] = field(default_factory=dict)
    """Costs posted at each month end, in contract currency."""
    revenue_error: RevenueError | None = None
    recognised: dict[date, Decimal] | None = None
    """What the books recognise at each month end, where that does not follow from the method."""
    buys_hours: bool = False
    """The customer of a retainer buys hours that it then uses, instead of paying by the month."""
    closed_on: date | None = None
    """Day on which the project was closed."""
    credit_and_rebill: bool = False
    """Every invoice is credited the day after and billed again unchanged."""
    manager: str | None = None
    stale_until: date | None = None
    """Until when the biller used the rates of before the card change."""
    set_up_days: int | None = None
    """Business days from the win to the set-up project; None leaves it to chance."""
    won_on: date | None = None
    """Day of the win; None leaves it to chance."""
    signed_on: date | None = None
    set_up_on: date | None = None
    """Day on which the project was created, once the contract is signed."""
    changes: list[ApprovedChange] = field(default_factory=list)
    known_as: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields of the contract line that a domain's system holds differently."""
    has_schedule: bool = True
    """A revenue schedule exists, as it should where there is a policy."""
    planned_amount: Decimal | None = None
    """What the revenue schedule plans in total when that is not the price."""
    numbers: Counter[str] = field(default_factory=Counter)

    def next_number(self, kind: str) -> int:
        """The running number of a document of this engagement."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    @property
    def contract(self) -> str:
        return f"CT-{self.key}"

    @property
    def line(self) -> str:
        return f"CL-{self.key}"

    @property
    def project(self) -> str:
        return f"P-{self.key}"

    @property
    def calendar(self) -> str:
        return f"BC-{self.legal_entity}"

    @property
    def discount(self) -> Decimal:
        return self.terms.get("discount_pct", Decimal(0))

    @property
    def is_priced_by_time(self) -> bool:
        return self.method in ("tm", "tm_cap")

    def rate(self, resource: str, role: str, day: date) -> Decimal | None:
        """The agreed hourly rate on ``day``: the most specific card that has a line for the resource or the role."""
        for card in self.cards:
            if (rate := card.rate(resource, role, day)) is not None:
                return rate
        return None

    def applied_rate(self, resource: str, role: str, day: date) -> Decimal | None:
        """The hourly rate that the delivery system puts on time of ``day``."""
        for card in self.cards:
            lines = card.applied_lines if self.stale_until is None or day < self.stale_until else card.lines
            if (rate := card.rate(resource, role, day, lines)) is not None:
                return rate
        return None

    def time_value(self, hours: Decimal, rate: Decimal) -> Decimal:
        """What ``hours`` are worth at ``rate`` after the agreed discount."""
        return cents(hours * self.unit_price(rate))

    def unit_price(self, rate: Decimal) -> Decimal:
        return rate * (HUNDRED - self.discount) / HUNDRED


@dataclass(slots=True)
class ApprovedChange:
    """A change order of a contract line that was approved on ``approved_on``."""

    approved_on: date
    amount: Decimal
    cap_delta: Decimal


@dataclass(slots=True)
class RevenueError:
    """A planted error of revenue recognition in the month ending on ``month``."""

    rule: Literal["R01", "R02", "R03", "R04"]
    month: date
    share: Decimal = Decimal(0)
    difference: Decimal = Decimal(0)


@dataclass(slots=True)
class Planted:
    """A finding about a record that is planted by hand: from ``since`` until the day before ``until``."""

    detector: str
    item: str
    item_kind: str
    verdict: str
    currency: str
    since: date
    until: date | None = None
    amount: Decimal = Decimal(0)
    exposed_amount: Decimal | None = None


@dataclass(slots=True)
class Posted:
    """A posted invoice with the amounts it bills per item, in its own currency."""

    id: str
    posted_on: date
    currency: str
    amounts: list[tuple[Item, Decimal]]


@dataclass(slots=True)
class Book:
    """Everything of one simulated firm. ``records`` are keyed by the field name of ``Facts``."""

    seed: int
    staff: int
    starts_on: date
    ends_on: date
    horizon: date
    records: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    time: list[Item] = field(default_factory=list)
    engagements: list[Engagement] = field(default_factory=list)
    invoices: list[Posted] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    missing: list[tuple[str, list[date], list[Engagement | None]]] = field(default_factory=list)
    """Weeks that somebody worked and never logged: person, days, and on which engagement each day."""
    traps: list[tuple[date, str, str]] = field(default_factory=list)
    """Facts other than items that look like leaks and are none: since when, id, reason."""
    customers: dict[str, list[str]] = field(default_factory=dict)
    """Customer ids by currency."""
    payment_terms: dict[str, int] = field(default_factory=dict)
    """Days by customer id."""
    people: dict[str, str] = field(default_factory=dict)
    """Role by resource id of the people who are scheduled."""
    absences: list[tuple[str, list[date]]] = field(default_factory=list)
    """Who was on leave for which working days of a week."""
    standard_cards: dict[str, Card] = field(default_factory=dict)
    fx: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)

    def chance(self, *parts: object) -> Random:
        """A random source of one named entity of this firm."""
        return chance(self.seed, *parts)

    def role_of(self, person: str) -> str:
        """What a person does, also one who is not scheduled."""
        roles = (p.values["role"] for p in self.records["resources"] if p.values["id"] == person)
        return self.people.get(person) or next(roles)

    def add(self, kind: str, model: type[Fact], created: datetime, /, **values: Any) -> Record:
        """Record a fact that came to be at ``created``."""
        record = Record(model, created, values)
        self.records[kind].append(record)
        return record

    def convert(self, amount: Decimal, currency: str, to: str, day: date) -> Decimal:
        """An amount at the spot rate of ``day``, rounded to the cent."""
        return cents(amount if currency == to else amount * self.fx[currency, to, day])
