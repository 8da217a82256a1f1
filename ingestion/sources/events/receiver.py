"""What the gateway knows about a sender: how a request is verified, and which events it brings.

Each sender's receiver lives in the folder of its source; the gateway knows this interface and no vendor.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

JSON = "application/json"

# What a name (an id, a type, a subject) may be: longer ones, and ones with control characters, are not names.
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,500}")


class Refused(Exception):
    """A request is not accepted; the message goes to the log, so it repeats nothing of what was sent."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Unreadable(Exception):
    """A verified request cannot be understood; it is stored with this reason, which repeats nothing of it."""


@dataclass(frozen=True)
class Request:
    """One request as it came: ``url`` is the address that the sender called, ``headers`` have lower-case names."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Event:
    """One event that a request brought. ``payload`` is its part of the body, byte for byte, without secrets.

    ``event_id`` is the same on every delivery of the event and no other event of its sender has it. ``subject`` is
    ``<kind of record>/<its id>``. ``same`` is what all deliveries of the event have in common: something else under a
    known id is kept and reported. It is empty where a sender sends its latest state again under the same id.
    """

    event_id: str
    type: str | None
    payload: bytes
    subject: str | None = None
    occurred_at: datetime | None = None
    correlation_id: str | None = None
    quarantine_reason: str | None = None
    same: bytes | None = None

    @property
    def fingerprint(self) -> str:
        """The hash that tells whether two deliveries under one id are the same event."""
        content = self.payload if self.same is None else self.same
        return hashlib.sha256(content).hexdigest() if content else ""


def unread(payload: bytes, reason: str) -> Event:
    """What came, kept whole, with the reason why it could not be read; its hash is its id."""
    return Event(f"sha256:{hashlib.sha256(payload).hexdigest()}", None, payload, quarantine_reason=reason)


def named(event: Event) -> Event:
    """``event`` itself; or, when it has names that are none, without them and with the reason."""
    if not _NAME.fullmatch(event.event_id):
        return unread(event.payload, "its id is empty, too long or has control characters")
    names = {"type": event.type, "subject": event.subject, "correlation_id": event.correlation_id}
    wrong = [name for name, value in names.items() if value is not None and not _NAME.fullmatch(value)]
    if not wrong:
        return event
    reason = event.quarantine_reason or f"its {' and '.join(wrong)} is empty, too long or has control characters"
    kept = {name: None if name in wrong else value for name, value in names.items()}
    common = (event.event_id, kept["type"], event.payload, kept["subject"], event.occurred_at, kept["correlation_id"])
    return Event(*common, reason, event.same)


@dataclass(frozen=True)
class Answer:
    """What a sender wants to hear once its events are stored."""

    status: int = 202
    body: bytes = b""
    content_type: str | None = None


@dataclass(frozen=True)
class Terms:
    """What a receiver accepts, keeps and answers. ``evidence`` are names, or prefixes ending in ``*``, of the headers
    that are stored with the event; none of them may carry a secret. ``answers`` is by content type of the request;
    whoever has none gets an empty 202.
    """

    content_types: frozenset[str] = frozenset({JSON})
    evidence: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """What proved a request: the scheme, and the id of the key."""

    scheme: str
    key_id: str


class Receiver(Protocol):
    """One sender's way of sending events."""

    @property
    def terms(self) -> Terms:
        """What this sender may send."""

    def verify(self, request: Request) -> Proof:
        """Prove by the raw bytes that the sender sent this.

        Raises Refused. Any other exception also counts as not proven.
        """

    def events(self, request: Request) -> list[Event]:
        """The events in a verified request; raises Unreadable when it holds none, or Refused when they are too old."""


def decoded(content: bytes | msgspec.Raw, type: Any, what: str) -> Any:
    """JSON of the expected shape; raises Unreadable that says ``what`` it is not."""
    try:
        return msgspec.json.decode(content, type=type)
    # The library's own errors aside: deep nesting, and bytes that are no UTF-8.
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Unreadable(f"it is not {what}") from None


def parse_time(text: str | None) -> datetime | None:
    """An ISO 8601 time with an offset, in UTC; None for none. Raises Unreadable for anything else."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("its time is not an ISO 8601 time with an offset") from None


def from_milliseconds(value: int) -> datetime:
    """A UTC time from milliseconds since 1970; raises Unreadable when there is no such time."""
    try:
        # Whole numbers all the way: a float would round the milliseconds.
        return datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
    except (ValueError, OverflowError, OSError):
        raise Unreadable("its time is out of range") from None
