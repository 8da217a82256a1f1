"""The durable inbox: what the gateway acknowledged and raw does not have yet.

Two tables, the same on every database. ``event`` is a log: one row per event, never changed. ``pending`` has the number
of each event that is not drained yet, and who is draining it: taking and acknowledging events touches small rows only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

# A drainer that does not come back within this time has died: others may take what it took.
LEASE = timedelta(minutes=15)
# What one call of ``claim`` takes at most.
CLAIM_EVENTS, CLAIM_BYTES = 5_000, 16 << 20
# Rows that one transaction removes: whoever writes meanwhile waits for no more than these.
PIECE_ROWS = 2_000

COLUMNS = (
    "source",
    "event_id",
    "type",
    "subject",
    "occurred_at",
    "received_at",
    "correlation_id",
    "scheme",
    "key_id",
    "content_type",
    "headers",
    "payload",
    "fingerprint",
    "quarantine_reason",
)


class InboxError(Exception):
    """The inbox cannot be used; the message says which and what to do, and shows no secret."""


@dataclass(frozen=True)
class Received:
    """One event as it was received from ``source``, one sender. Times are UTC; ``headers`` is a JSON object as text."""

    source: str
    event_id: str
    type: str | None
    subject: str | None
    occurred_at: datetime | None
    received_at: datetime
    correlation_id: str | None
    scheme: str
    key_id: str
    content_type: str
    headers: str
    payload: bytes
    fingerprint: str
    quarantine_reason: str | None


@dataclass(frozen=True)
class Backlog:
    """How many events wait to be drained, and since when the oldest does (UTC)."""

    events: int
    oldest: datetime | None


class Inbox(Protocol):
    """Where events lie between the acknowledgement and the warehouse. One thread at a time uses one instance."""

    def append(self, events: Sequence[Received]) -> int:
        """Keep these for good, as one transaction that is on disk when this returns; says how many were new.

        An event that is known by (source, event id) is not kept again. One that comes under a known id with another
        fingerprint is kept beside it, in quarantine (see ``impostor``).
        """

    def claim(self, drainer: str, limit: int = CLAIM_EVENTS, max_bytes: int = CLAIM_BYTES) -> list[Received]:
        """Take the next undrained events for ``drainer``, in the order of arrival; nobody else gets them meanwhile.

        At least one, however large; none when nothing is left. They are its own until ``ack`` or ``release``, or until
        ``LEASE`` has passed.
        """

    def ack(self, drainer: str) -> int:
        """What ``drainer`` took is drained; says how many events that were."""

    def release(self, drainer: str) -> int:
        """What ``drainer`` took is to be drained again; says how many events that were."""

    def backlog(self) -> Backlog:
        """What waits to be drained, taken or not."""

    def purge(self, before: datetime) -> int:
        """Forget drained events that were received before; says how many."""

    def close(self) -> None:
        """Give the connection back."""


def in_order(events: Sequence[Received]) -> list[Received]:
    """Sorted by what makes them unique: two writers that bring the same events never wait for each other in a circle."""
    return sorted(events, key=lambda event: (event.source, event.event_id))


def impostor(event: Received) -> Received:
    """``event`` under an id of its own, because its id is known with other content: a mistake or a forgery."""
    suffix = hashlib.sha256(event.fingerprint.encode()).hexdigest()[:16]
    return replace(
        event,
        event_id=f"{event.event_id}#{suffix}",
        quarantine_reason="its id was received before with other content",
    )
