"""The receiver of everybody who has no scheme of their own: signed by Standard Webhooks, told as CloudEvents 1.0.

Relays, scripts inside an ERP and in-house middleware use it. A body that is no CloudEvent is taken as the JSON that
Standard Webhooks proposes: ``{"type": ..., "timestamp": ..., "data": ...}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from ingestion.sources.events import cloudevents
from ingestion.sources.events.receiver import JSON, Event, Proof, Request, Terms, Unreadable, decoded, parse_time
from ingestion.sources.events.standard_webhooks import EVIDENCE, StandardWebhooks

_BINARY_DATA = frozenset({JSON, "application/xml", "text/xml", "text/plain", "application/octet-stream"})
TERMS = Terms(
    _BINARY_DATA | {cloudevents.STRUCTURED, cloudevents.BATCH},
    (*EVIDENCE, *cloudevents.EVIDENCE),
)


class _Plain(msgspec.Struct):
    type: str
    timestamp: str | None = None
    subject: str | None = None


class GenericReceiver:
    """One sender that signs by Standard Webhooks."""

    terms = TERMS

    def __init__(self, sender: str, secrets: Sequence[str]) -> None:
        self._signatures = StandardWebhooks(sender, "its secrets", secrets)

    def verify(self, request: Request) -> Proof:
        return self._signatures.verify(request)

    def events(self, request: Request) -> list[Event]:
        message_id = request.headers["webhook-id"]
        if request.content_type == cloudevents.BATCH:
            return cloudevents.in_batch(request.body)
        try:
            if request.content_type == cloudevents.STRUCTURED:
                return [cloudevents.structured(request.body)]
            if cloudevents.is_binary(request):
                return [cloudevents.binary(request, message_id)]
            return [_plain(message_id, request.body)]
        except Unreadable as reason:
            # Retries of it have the same id, whatever they hold.
            return [Event(message_id, None, request.body, quarantine_reason=str(reason))]


def _plain(message_id: str, body: bytes) -> Event:
    told = decoded(body, _Plain, "a JSON object with a type")
    event = Event(message_id, told.type, body, told.subject or None)
    return replace(event, occurred_at=parse_time(told.timestamp))
