"""CloudEvents 1.0 over HTTP in its three modes: binary, structured and batch.

The published Python library fills in a missing time, knows no batches and keeps no bytes; it writes events in the
tests.
"""

from __future__ import annotations

from urllib.parse import unquote

import msgspec

from ingestion.sources.events.receiver import Event, Request, Unreadable, decoded, parse_time, unread

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EVIDENCE = ("ce-*", "traceparent")


class _Attributes(msgspec.Struct):
    """The context attributes that are read; all others stay in the payload."""

    id: str
    source: str
    specversion: str
    type: str
    subject: str | None = None
    time: str | None = None
    correlationid: str | None = None


def in_batch(body: bytes) -> list[Event]:
    """The events of a batch; one that is no event does not keep the others out."""
    events = []
    for raw in decoded(body, list[msgspec.Raw], "a JSON array of CloudEvents"):
        try:
            events.append(structured(bytes(raw)))
        except Unreadable as reason:
            events.append(unread(bytes(raw), str(reason)))
    return events


def structured(body: bytes) -> Event:
    """The event whose attributes and data are one JSON object; raises Unreadable."""
    attributes = decoded(body, _Attributes, "a CloudEvent with id, source, specversion and type")
    return _event(attributes, f"{attributes.source}#{attributes.id}", body)


def is_binary(request: Request) -> bool:
    """Whether the attributes are in the headers."""
    return "ce-specversion" in request.headers


def binary(request: Request, signed_id: str) -> Event:
    """The event whose attributes are headers and whose data is the body; raises Unreadable.

    A signature covers the body but no ``ce-`` header: ``signed_id``, which it does cover, is the event's id, so that a
    repeated request never passes for another event.
    """
    given = {name[3:]: unquote(value) for name, value in request.headers.items() if name.startswith("ce-")}
    try:
        attributes = msgspec.convert(given, _Attributes)
    except msgspec.ValidationError:
        raise Unreadable("it has no ce-id, ce-source, ce-specversion or ce-type") from None
    if attributes.id != signed_id:
        raise Unreadable("its ce-id is not its webhook-id, which alone is signed")
    return _event(attributes, signed_id, request.body)


def _event(attributes: _Attributes, event_id: str, payload: bytes) -> Event:
    if attributes.specversion != "1.0":
        raise Unreadable("its specversion is not 1.0")
    if not (attributes.id and attributes.source and attributes.type):
        raise Unreadable("its id, source or type is empty")
    return Event(
        event_id,
        attributes.type,
        payload,
        attributes.subject or None,
        parse_time(attributes.time),
        attributes.correlationid or None,
    )
