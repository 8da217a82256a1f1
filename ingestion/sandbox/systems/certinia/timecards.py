"""Which days of whose work share a timecard, and which billing state the parts of its week have.

A timecard is one person's week on one project, with one status, approval and rate. Days that were entered at the same
moment are days of one timecard; whatever a timecard cannot say of two of them puts one of them on another timecard, as
people do. A day without a known moment of entry has a timecard of its own, so that nothing else can ever move it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from ingestion.sandbox.facts import TimeEntry
from ingestion.sandbox.systems.salesforce.ids import record_id


@dataclass
class Timecard:
    """One timecard header. ``entries`` are its days; ``siblings`` all entries that were entered together with them."""

    siblings: list[TimeEntry]
    entries: list[TimeEntry] = field(default_factory=list)

    @property
    def first(self) -> TimeEntry:
        return self.entries[0]

    @cached_property
    def id(self) -> str:
        """The header's id: that of the first of its days, whatever else happens to them."""
        return record_id("a1H", "certinia", self.first.id)

    @property
    def starts_on(self) -> date:
        """The Monday of its week."""
        return self.first.work_date - timedelta(days=self.first.work_date.weekday())

    def takes(self, entry: TimeEntry) -> bool:
        """Whether the timecard can say everything about ``entry`` as well."""
        if any(e.work_date == entry.work_date for e in self.entries) or _header(entry) != _header(self.first):
            return False
        return all(_billing(e) == _billing(entry) for e in self.entries if _month(e) == _month(entry))

    def splits(self, entries: Iterable[TimeEntry]) -> Iterator[tuple[date, date, list[TimeEntry]]]:
        """First day, last day and days of each part of the week: one per month that it reaches into."""
        months: defaultdict[tuple[int, int], list[TimeEntry]] = defaultdict(list)
        for entry in entries:
            months[_month(entry)].append(entry)
        week = [self.starts_on + timedelta(days=n) for n in range(7)]
        for month, members in sorted(months.items()):
            days = [day for day in week if (day.year, day.month) == month]
            yield days[0], days[-1], members


def day_id(card: Timecard, entry: TimeEntry) -> str:
    """What a day of a timecard is called outside of it: the timecard and the date."""
    return f"{card.id}-{entry.work_date.isoformat()}"


def split_id(card: Timecard, starts_on: date) -> str:
    return record_id("a1T", "certinia", card.id, starts_on.isoformat())


def time_date_id(card: Timecard, entry: TimeEntry) -> str:
    return record_id("a1D", "certinia", card.id, entry.work_date.isoformat())


def timecards(entries: Iterable[TimeEntry]) -> list[Timecard]:
    """All timecards of the firm, whoever has heard of them."""
    batches: defaultdict[tuple[Any, ...], list[TimeEntry]] = defaultdict(list)
    for number, entry in enumerate(entries):
        monday = entry.work_date - timedelta(days=entry.work_date.weekday())
        entered = entry.created_at or number
        batches[entry.project, entry.resource, monday, entered].append(entry)
    cards: list[Timecard] = []
    for batch in batches.values():
        batch.sort(key=lambda e: (e.work_date, e.id))
        own: list[Timecard] = []
        for entry in batch:
            card = next((c for c in own if c.takes(entry)), None)
            if card is None:
                card = Timecard(batch)
                own.append(card)
            card.entries.append(entry)
        cards += own
    return cards


def _month(entry: TimeEntry) -> tuple[int, int]:
    return entry.work_date.year, entry.work_date.month


def _header(entry: TimeEntry) -> tuple[Any, ...]:
    """What holds for a whole timecard."""
    return (
        entry.role,
        entry.task,
        entry.is_billable,
        entry.status,
        entry.submitted_at,
        entry.approved_at,
        entry.approver,
        entry.applied_rate,
        entry.change_order,
    )


def _billing(entry: TimeEntry) -> tuple[Any, ...]:
    """What holds for a split."""
    hold = entry.hold
    return entry.is_marked_billed, hold and (hold.reason, hold.placed_on, hold.expires_on)
