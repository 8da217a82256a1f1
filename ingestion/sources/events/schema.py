"""The raw object of the event inbox: one row per event, as it was received."""

from __future__ import annotations

from datetime import timedelta

from ingestion.raw import RawObject

EVENT = RawObject(
    "event",
    ("source", "event_id"),
    {
        "source": "text",
        "event_id": "text",
        "type": "text",
        "subject": "text",
        "occurred_at": "timestamp",
        "received_at": "timestamp",
        "correlation_id": "text",
        "scheme": "text",
        "key_id": "text",
        "content_type": "text",
        # A JSON object as text; the headers that prove something, none that is secret.
        "headers": "text",
        # As it was received; base64 when it is no text.
        "payload": "text",
        "payload_encoding": "text",
        "payload_sha256": "text",
        "quarantine_reason": "text",
    },
    cursor="received_at",
    # An event is stamped before it is committed, by at most this much.
    overlap=timedelta(minutes=1),
)
OBJECTS = {EVENT.name: EVENT}
