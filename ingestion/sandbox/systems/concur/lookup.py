"""What an expense refers to: people, projects, home currencies and exchange rates."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal

from ingestion.sandbox.facts import Facts


class Lookup:
    """The facts that expenses refer to, by their ids."""

    def __init__(self, facts: Facts) -> None:
        self.people = {r.id: r for r in facts.resources}
        self.projects = {p.id: p for p in facts.projects}
        self._currencies = {le.id: le.currency for le in facts.legal_entities}
        self._rates: dict[tuple[str, str], list[tuple[date, Decimal]]] = defaultdict(list)
        for rate in sorted((r for r in facts.fx_rates if r.rate_type == "spot"), key=lambda r: r.rate_date):
            self._rates[rate.from_currency, rate.to_currency].append((rate.rate_date, rate.rate))

    def home_currency(self, resource_id: str) -> str | None:
        """The currency of the company that employs the person, if known."""
        person = self.people.get(resource_id)
        return self._currencies.get(person.legal_entity or "") if person else None

    def rate(self, source: str, target: str, on: date) -> Decimal | None:
        """The latest spot rate on or before the day, if there is one."""
        if source == target:
            return Decimal(1)
        rates = self._rates[source, target]
        position = bisect_right(rates, on, key=lambda r: r[0])
        return rates[position - 1][1] if position else None
