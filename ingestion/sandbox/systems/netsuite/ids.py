"""The internal ids that the stand-in gives to facts, and which fact a billed item is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

from ingestion.sandbox.facts import BilledItem, Facts, Invoice, RevenueSchedule
from ingestion.sandbox.world import stable_number


@lru_cache(maxsize=200_000)
def number(kind: str, *parts: str) -> int:
    """NetSuite's internal id of a record: a whole number, the same in every run."""
    return stable_number("netsuite", kind, *parts, bits=48)


class Ids:
    """Look-ups into one state of the facts.

    A payment, a revenue schedule and an FX rate are each several NetSuite records, or live in one of two tables:
    their ids are composed, in the way the mapping models compose them.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def external(self, kind: str, fact_id: str) -> str:
        """The source id of a fact of ``kind``, as the mapping model of its entity outputs it."""
        composed: dict[str, Callable[[str], str]] = {
            "payments": lambda i: f"{number('payments', i)}-{number('invoices', self._invoice_of_payment.get(i, ''))}",
            "revenue_schedules": lambda i: "{}-{}".format(*self.revenue.get(i, (0, 0))),
            "fx_rates": lambda i: f"{'average' if i in self._average_rates else 'daily'}-{number('fx_rates', i)}",
        }
        return composed[kind](fact_id) if kind in composed else str(number(kind, fact_id))

    @cached_property
    def _invoice_of_payment(self) -> dict[str, str]:
        return {p.id: p.invoice for p in self._facts.payments}

    @cached_property
    def _average_rates(self) -> set[str]:
        return {r.id for r in self._facts.fx_rates if r.rate_type == "month_avg"}

    @cached_property
    def revenue(self) -> dict[str, tuple[int, int]]:
        """Fact id -> (revenue element, accounting period) of a revenue schedule; the pair is unique per fact."""
        taken: set[tuple[int, int]] = set()
        found: dict[str, tuple[int, int]] = {}
        for schedule in sorted(self._facts.revenue_schedules, key=lambda s: s.id):
            turn = 0
            while (place := (self._element(schedule, turn), number("accountingperiod", schedule.period))) in taken:
                turn += 1
            taken.add(place)
            found[schedule.id] = place
        return found

    @staticmethod
    def _element(schedule: RevenueSchedule, turn: int) -> int:
        return number(
            "revenueelement", schedule.contract_line, schedule.book, schedule.method, schedule.currency, str(turn)
        )

    def item(self, billed: BilledItem, invoice: Invoice) -> tuple[str, str]:
        """Kind and id of the fact that ``billed`` bills; a milestone split over customers is one fact per share."""
        kind, fact_id = self.kind_of(billed.item)
        if kind == "milestones" and self._items[kind][fact_id].shares:
            return kind, f"{fact_id}/{billed.customer or invoice.customer}"
        return kind, fact_id

    def kind_of(self, item: str) -> tuple[str, str]:
        """Kind and id of a billable item; the kind is empty for one that does not exist."""
        return next((kind for kind, known in self._items.items() if item in known), ""), item

    @cached_property
    def _items(self) -> dict[str, dict[str, Any]]:
        return {
            "time_entries": {t.id: None for t in self._facts.time_entries},
            "expenses": {e.id: None for e in self._facts.expenses},
            "supplier_invoice_lines": {line.id: None for s in self._facts.supplier_invoices for line in s.lines},
            "milestones": {m.id: m for m in self._facts.milestones},
            "progress_reports": {r.id: None for r in self._facts.progress_reports},
        }
