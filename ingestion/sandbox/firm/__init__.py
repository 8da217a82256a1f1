"""A believable services firm over months, the same for the same seed, with planted leaks and an answer key.

The whole history, including what follows the firm's end date, is simulated at once; ``facts_at`` shows what had
happened by a moment. So a later moment adds events and never changes the past.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ingestion.sandbox.facts import Facts
from ingestion.sandbox.firm.basics import add_months
from ingestion.sandbox.firm.billing import bill
from ingestion.sandbox.firm.cases import script
from ingestion.sandbox.firm.contracts import agree_rates, sell, sign
from ingestion.sandbox.firm.costs import contract_suppliers
from ingestion.sandbox.firm.fixed import set_amounts
from ingestion.sandbox.firm.judge import answer_key
from ingestion.sandbox.firm.key import AnswerKey, Estimate, Leak, Totals, Trap
from ingestion.sandbox.firm.model import Book
from ingestion.sandbox.firm.people import employ
from ingestion.sandbox.firm.policies import policies
from ingestion.sandbox.firm.revenue import close_months
from ingestion.sandbox.firm.setup import found
from ingestion.sandbox.firm.work import incur_costs, log_time, open_internal_projects, schedule

__all__ = ["AFTERMATH_DAYS", "AnswerKey", "Estimate", "Firm", "Leak", "Totals", "Trap", "policies"]

AFTERMATH_DAYS = 45
"""How far the simulation goes on after the firm's end date, so that the clock can be moved."""
MIN_STAFF, MIN_MONTHS = 5, 4


class Firm:
    """A simulated firm of ``staff`` people over ``months`` whole months up to the month of ``ends_on``."""

    def __init__(self, seed: int = 7, staff: int = 60, months: int = 6, ends_on: date = date(2026, 4, 30)) -> None:
        if staff < MIN_STAFF or months < MIN_MONTHS:
            raise ValueError(
                f"a firm needs at least {MIN_STAFF} people and {MIN_MONTHS} months, not {staff} and {months}"
            )
        self.ends_on = ends_on
        starts_on = add_months(ends_on, 1 - months)
        self._book = book = Book(seed, staff, starts_on, ends_on, ends_on + timedelta(days=AFTERMATH_DAYS))
        found(book)
        contract_suppliers(book)
        open_internal_projects(book)
        stints, teams = schedule(book, sell(book))
        agree_rates(book, teams)
        log_time(book, stints)
        incur_costs(book, stints)
        set_amounts(book)
        script(book)
        sign(book)
        bill(book)
        close_months(book)
        employ(book)

    def facts_at(self, moment: datetime | None = None) -> Facts:
        """What was true at a UTC moment, by default at the end of ``ends_on``: only what had happened by then."""
        moment = self._end_of(self.ends_on) if moment is None else moment.astimezone(UTC)
        if moment > self._end_of(self._book.horizon):
            raise ValueError(
                f"this firm is simulated until {self._book.horizon}; set ends_on later to see {moment.date()}"
            )
        facts: dict[str, list[Any]] = {
            kind: [fact for record in records if (fact := record.at(moment)) is not None]
            for kind, records in self._book.records.items()
        }
        facts["time_entries"] = [entry for item in self._book.time if (entry := item.time_entry(moment)) is not None]
        return Facts(**facts)

    def answer_key(self, as_of: date | None = None) -> AnswerKey:
        """The planted leaks and look-alikes as they stand at the end of ``as_of``; for tests only."""
        return answer_key(self._book, as_of or self.ends_on)

    @staticmethod
    def _end_of(day: date) -> datetime:
        return datetime.combine(day, time(23, 59, 59), UTC)
