"""Platform and change events as relays pass them on: the event's own JSON, in one of the envelopes that are in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from ingestion.sources.events.receiver import Event, Request, Unreadable, decoded, from_milliseconds, parse_time, unread

_HEADER = "ChangeEventHeader"
# Where relays put the event: as the streaming APIs deliver it, or inside ``data`` (CloudEvents, CometD) or ``detail``
# (event buses).
_ENVELOPES = ("data", "detail")


class _ChangeHeader(msgspec.Struct, rename="camel"):
    entity_name: str
    change_type: str
    transaction_key: str
    sequence_number: int
    commit_timestamp: int
    record_ids: list[str] = []


def relayed_events(request: Request) -> list[Event]:
    """One event, or an array of them; each that cannot be read is kept with the reason."""
    try:
        body = decoded(request.body, msgspec.Raw, "JSON")
        parts = decoded(body, list[msgspec.Raw], "an array") if bytes(body).lstrip()[:1] == b"[" else [body]
    except Unreadable as reason:
        return [unread(request.body, str(reason))]
    return [event for part in parts for event in _readable(bytes(part))]


def _readable(raw: bytes) -> Iterator[Event]:
    try:
        message = decoded(raw, dict[str, Any], "a JSON object")
        inner = next((message[name] for name in _ENVELOPES if isinstance(message.get(name), dict)), message)
        payload = inner.get("payload", inner)
        if not isinstance(payload, dict):
            raise Unreadable("it has no payload")
        if _HEADER in payload:
            yield from _changes(raw, payload[_HEADER])
        else:
            yield _platform_event(raw, message, inner, payload)
    except Unreadable as reason:
        yield unread(raw, str(reason))


def _changes(raw: bytes, header: Any) -> list[Event]:
    """One event per record: a transaction that changed many of a kind in the same way tells it once."""
    try:
        told = msgspec.convert(header, _ChangeHeader)
    except msgspec.ValidationError:
        raise Unreadable("its ChangeEventHeader lacks what tells events apart") from None
    occurred_at = from_milliseconds(told.commit_timestamp)
    kind = f"{told.entity_name}.{told.change_type}"
    change = f"{told.transaction_key}-{told.sequence_number}-{told.entity_name}"
    subjects: list[tuple[str, str | None]] = [(f"{change}-{i}", f"{told.entity_name}/{i}") for i in told.record_ids]
    return [Event(i, kind, raw, subject, occurred_at) for i, subject in dict(subjects or [(change, None)]).items()]


def _platform_event(
    raw: bytes, message: Mapping[str, Any], inner: Mapping[str, Any], payload: Mapping[str, Any]
) -> Event:
    stream = inner.get("event") if isinstance(inner.get("event"), dict) else {}
    event_id = payload.get("EventUuid") or (stream or {}).get("EventUuid")
    if not isinstance(event_id, str) or not event_id:
        raise Unreadable("it has neither a ChangeEventHeader nor an EventUuid")
    kind = next((message[name] for name in ("type", "detail-type") if isinstance(message.get(name), str)), None)
    return Event(event_id, kind, raw, None, _created(payload.get("CreatedDate")))


def _created(value: Any) -> datetime | None:
    if isinstance(value, int):
        return from_milliseconds(value)
    return parse_time(value) if isinstance(value, str) else None
