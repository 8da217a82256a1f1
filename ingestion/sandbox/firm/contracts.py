"""Engagements: who bought what at which terms, and the contracts, cards, projects and deals recorded for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from ingestion.sandbox.facts import (
    ChangeOrder,
    Contract,
    ContractLine,
    Opportunity,
    Project,
    RateCard,
    RateLine,
)
from ingestion.sandbox.firm.basics import DAY, add_business_days, at, log_normal, month_start, with_markup
from ingestion.sandbox.firm.model import ApprovedChange, Book, Card, Engagement
from ingestion.sandbox.firm.setup import CURRENCY_MIX, ENTITIES, PRICE_LEVEL, RATES, round_rate, service_line

METHOD_MIX = (
    ["tm"] * 8 + ["tm_cap"] * 4 + ["fixed_milestone"] * 3 + ["fixed_progress"] * 2 + ["retainer"] * 2 + ["cost_plus"]
)
RECOGNITION = {"fixed_milestone": "milestone_output", "fixed_progress": "cost_to_cost", "retainer": "straight_line"}
ZERO = Decimal(0)


def sell(book: Book) -> list[list[Engagement]]:
    """The engagements of the simulated time, as parallel sequences in which one follows the other."""
    slots: list[list[Engagement]] = [[] for _ in range(max(7, round(book.staff * 0.35)))]
    while True:
        day, n = min((slot[-1].ends_on + DAY if slot else book.starts_on, n) for n, slot in enumerate(slots))
        if day > book.horizon:
            return slots
        number = len(book.engagements)
        ends_on = day + timedelta(days=book.chance("duration", number).randint(85, 240))
        slots[n].append(_engagement(book, number, day, ends_on))


def _shuffled(book: Book, name: str, mix: list[str], number: int) -> str:
    """The ``number``-th of a sequence that holds ``mix`` in another order in every round: shares are as planned."""
    block, index = divmod(number, len(mix))
    order = list(mix)
    book.chance(name, block).shuffle(order)
    return order[index]


def _engagement(book: Book, number: int, starts_on: date, ends_on: date) -> Engagement:
    key = f"{number + 1:04d}"
    r = book.chance("engagement", key)
    currency = _shuffled(book, "currency", CURRENCY_MIX, number)
    method = _shuffled(book, "method", METHOD_MIX, number)
    customers = book.customers[currency]
    e = Engagement(key, r.choice(customers), currency, ENTITIES[currency][0], method, starts_on, ends_on)
    e.revrec = RECOGNITION.get(method)
    e.bills_late_approvals = r.random() < 0.7
    if e.is_priced_by_time and r.random() < 0.4:
        e.prompt, e.revrec = True, "as_invoiced"
    policy = r.choices(["at_cost", "markup", "inclusive", "non_billable"], [50, 25, 15, 10])[0]
    e.terms = {"expense_policy": policy, "passthrough_basis": "cost_plus" if method == "cost_plus" else "none"}
    if policy == "markup":
        e.terms["expense_markup_pct"] = Decimal(r.choice([5, 10]))
    if method == "cost_plus":
        e.terms["passthrough_markup_pct"] = Decimal(r.choice([8, 10, 15]))
    if e.is_priced_by_time and r.random() < 0.15:
        e.terms["discount_pct"] = Decimal(r.choice([3, 5, 10]))
    book.engagements.append(e)
    return e


def agree_rates(book: Book, teams: dict[str, list[str]]) -> None:
    """Agree the rate cards of all engagements; ``teams`` are the people booked on each, by engagement key.

    Some engagements have a card of their own, some customers one for all their engagements, the rest pays the standard.
    """
    frame_cards: dict[str, Card] = {}
    for currency, customers in book.customers.items():
        for customer in customers:
            r = book.chance("frame agreement", customer)
            if r.random() < 0.5:
                key = f"RC-{customer}"
                card = Card(
                    key, "customer", customer, currency, _role_lines(key, currency, Decimal(r.randint(92, 112)) / 100)
                )
                frame_cards[customer] = card
                record_card(book, card, at(book.starts_on - timedelta(days=75), 10))
    for e in book.engagements:
        r = book.chance("rates", e.key)
        e.manager = r.choice(teams.get(e.key) or sorted(book.people))
        scope = r.choices(["contract_line", "contract", None], [50, 20, 30])[0]
        if scope:
            e.cards.append(_own_card(e, r, scope, teams.get(e.key, [])))
            record_card(book, e.cards[0], signed_at(book, e), e.stale_until)
        if e.customer in frame_cards:
            e.cards.append(frame_cards[e.customer])
        e.cards.append(book.standard_cards[e.currency])
    for card in book.standard_cards.values():
        record_card(book, card, at(book.starts_on - timedelta(days=300), 10))


def _role_lines(card: str, currency: str, factor: Decimal) -> list[RateLine]:
    return [
        RateLine(id=f"{card}-{n}", role=role, rate=round_rate(base * PRICE_LEVEL[currency] * factor))
        for n, (role, base) in enumerate(RATES.items(), 1)
    ]


def _own_card(e: Engagement, r: Random, scope: Any, team: list[str]) -> Card:
    """A card of one engagement, some with a rate of one person, some with a rate change during the engagement."""
    key = f"RC-{e.key}"
    lines = _role_lines(key, e.currency, Decimal(r.randint(92, 118)) / 100)
    if team and r.random() < 0.3:
        lines.append(RateLine(id=f"{key}-{len(lines) + 1}", resource=r.choice(team), rate=lines[1].rate + 15))
    card = Card(key, scope, e.line if scope == "contract_line" else e.contract, e.currency, lines)
    if r.random() < 0.5:
        change_on = e.starts_on + timedelta(days=r.randint(30, 75))
        falls = r.random() < 0.15
        card.lines = changed_lines(lines, change_on, Decimal(-6) if falls else Decimal(r.randint(4, 12)))
        card.changed_at = at(add_business_days(change_on, -8), 10)
        if r.random() < 0.45:
            card.applied_lines = lines
            e.stale_until = change_on + timedelta(days=r.randint(20, 70))
    return card


def changed_lines(lines: list[RateLine], change_on: date, percent: Decimal) -> list[RateLine]:
    """The lines of a card whose rates all change by ``percent`` on ``change_on``."""
    before = [line.model_copy(update={"valid_to": change_on}) for line in lines]
    after = [
        line.model_copy(
            update={
                "id": f"{line.id}B",
                "valid_from": change_on,
                "rate": with_markup(line.rate, percent).quantize(Decimal(1)),
            }
        )
        for line in lines
    ]
    return before + after


def record_card(book: Book, card: Card, created: Any, stale_until: date | None = None) -> None:
    """Record a card as agreed and as applied: one fact while both are the same, else one of each."""
    values = {"name": f"Rates {card.id}", "scope": card.scope, "scope_id": card.scope_id, "currency": card.currency}
    known = card.lines
    if card.changed_at:
        first = [line for line in card.lines if line.valid_from == date(2020, 1, 1)]
        known = [line.model_copy(update={"valid_to": None}) for line in first]
    both = card.applied_lines is None
    record = book.add("rate_cards", RateCard, created, id=card.id, agreed=True, applied=both, lines=known, **values)
    if card.changed_at:
        record.changes.append((card.changed_at, {"lines": card.lines}))
    if card.applied_lines is not None:
        old = [line.model_copy(update={"id": f"{line.id}-A"}) for line in card.applied_lines]
        new = [line.model_copy(update={"id": f"{line.id}-A"}) for line in card.lines]
        record = book.add(
            "rate_cards", RateCard, created, id=f"{card.id}-A", agreed=False, applied=True, lines=old, **values
        )
        if stale_until:
            record.changes.append((at(stale_until, 8), {"lines": new}))


def won_on(book: Book, e: Engagement) -> date:
    """The day on which the customer said yes."""
    return e.won_on or add_business_days(e.starts_on, -book.chance("deal", e.key).randint(12, 25))


def signed_at(book: Book, e: Engagement) -> datetime:
    """When the contract, its line and its rates were recorded."""
    return at(add_business_days(won_on(book, e), 1), 14)


def sign(book: Book) -> None:
    """Record deal, contract, line, project and change orders of every engagement, whose amounts are known by now."""
    for e in book.engagements:
        r = book.chance("deal", e.key)
        r.randint(12, 25)  # the draw of the win
        e.won_on = won = won_on(book, e)
        amount = e.terms.get("amount", ZERO)
        opened = won - timedelta(days=r.randint(40, 120))
        days = [opened, opened + (won - opened) / 3, opened + (won - opened) * 2 / 3, won]
        moments = [at(day, 11) for day in days]
        stages = [{"stage": s, "at": moment} for s, moment in zip(STAGES, moments, strict=True)]
        deal = book.add(
            "opportunities",
            Opportunity,
            at(opened, 11),
            id=f"O-{e.key}",
            customer=e.customer,
            name=f"Deal {e.key}",
            amount=amount,
            currency=e.currency,
            stages=stages[:1],
        )
        deal.changes += [(moment, {"stages": stages[: n + 1]}) for n, moment in enumerate(moments) if n]
        signed = signed_at(book, e)
        e.signed_on = signed.date()
        contract = book.add(
            "contracts",
            Contract,
            signed,
            id=e.contract,
            customer=e.customer,
            legal_entity=e.legal_entity,
            opportunity=f"O-{e.key}",
            name=f"Statement of work {e.key}",
            currency=e.currency,
            signed_on=signed.date(),
            starts_on=e.starts_on,
            ends_on=e.ends_on,
        )
        contract.changes.append((at(add_business_days(e.ends_on, 120), 9), {"status": "closed"}))
        book.add(
            "contract_lines",
            ContractLine,
            signed,
            id=e.line,
            contract=e.contract,
            name=e.method.replace("_", " "),
            billing_method=e.method,
            currency=e.currency,
            billing_calendar=e.calendar,
            revrec_method=e.revrec,
            starts_on=e.starts_on,
            ends_on=e.ends_on,
            known_as=e.known_as,
            **e.terms,
        )
        latency = min(10, max(1, log_normal(r, 3, 9, 1.2816)))
        e.set_up_on = add_business_days(won, e.set_up_days or latency)
        project = book.add(
            "projects",
            Project,
            at(e.set_up_on, 15),
            id=e.project,
            name=f"Delivery {e.key}",
            code=f"P{e.key}",
            customer=e.customer,
            contract_line=e.line,
            starts_on=e.starts_on,
            ends_on=e.ends_on,
            manager=e.manager,
            service_line=service_line(book, e.key),
        )
        if e.closed_on:
            project.changes.append((at(e.closed_on, 10), {"status": "closed"}))
        if e.is_priced_by_time and not e.prompt and r.random() < 0.3:
            _change_order(book, e, r)
    _lose_deals(book)


STAGES = ("prospecting", "proposal", "negotiation", "closed_won")


def _change_order(book: Book, e: Engagement, r: Random) -> None:
    """An amendment of a time-priced line; it raises the cap of a capped one."""
    requested = add_business_days(e.starts_on, r.randint(15, 40))
    amount = Decimal(r.randint(5, 30) * 1000)
    order = book.add(
        "change_orders",
        ChangeOrder,
        at(requested, 10),
        id=f"CO-{e.key}",
        number=f"CO-{e.key}-1",
        contract=e.contract,
        contract_line=e.line,
        status="pending",
        requested_on=requested,
        amount=amount,
        cap_delta=amount if e.method == "tm_cap" else ZERO,
        currency=e.currency,
    )
    if r.random() < 0.85:
        approved = add_business_days(requested, r.randint(2, 8))
        order.changes.append(
            (at(approved, 16), {"status": "approved", "approved_on": approved, "effective_from": approved})
        )
        e.changes.append(ApprovedChange(approved, amount, order.values["cap_delta"]))


def _lose_deals(book: Book) -> None:
    for n in range(max(3, book.staff // 8)):
        r = book.chance("lost deal", n)
        currency = r.choice(CURRENCY_MIX)
        opened = month_start(book.starts_on) + timedelta(days=r.randint(0, (book.horizon - book.starts_on).days - 20))
        ended = opened + timedelta(days=r.randint(10, 60))
        stages = [{"stage": "prospecting", "at": at(opened, 10)}, {"stage": "closed_lost", "at": at(ended, 10)}]
        deal = book.add(
            "opportunities",
            Opportunity,
            at(opened, 10),
            id=f"O-X{n + 1:03d}",
            name=f"Pursuit {n + 1}",
            customer=r.choice(book.customers[currency]),
            currency=currency,
            amount=Decimal(r.randint(20, 200) * 1000),
            stages=stages[:1],
        )
        deal.changes.append((at(ended, 10), {"stages": stages}))
