"""HubSpot's webhooks: signed with the app's client secret over the address, the body and a time (v3)."""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
import base64
import hashlib
import hmac
from urllib.parse import unquote

import msgspec
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.source import credentials
from ingestion.sources.events.receiver import (
    Event,
    Proof,
    Receiver,
    Request,
    Terms,
    Unreadable,
    decoded,
    from_milliseconds,
    unread,
)
from ingestion.sources.events.signatures import Key, check_window, equal, keys, proven_by, whole_number
from ingestion.sources.hubspot.settings import SYSTEM

SCHEME = "hubspot-v3"
TERMS = Terms(evidence=("x-hubspot-request-timestamp",))
# HubSpot signs the address with these characters decoded, and with no others.
_DECODED = ("%3A", "%2F", "%3F", "%40", "%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%3B")
# It says which delivery this is and is all that differs between them.
_ATTEMPT = "attemptNumber"


@configspec
class HubSpotEvents(BaseConfiguration):
    """The client secrets of the app that sends; all of them are valid, so that one can replace another."""

    webhook_secrets: list[str] | None = None


def receiver() -> Receiver | None:
    """HubSpot as a sender; None when no secret is configured. Raises ConfigurationError for one that is too short."""
    conf = credentials(SYSTEM, HubSpotEvents)
    if not conf.webhook_secrets:
        return None
    return HubSpotReceiver(keys(SYSTEM, "webhook_secrets", conf.webhook_secrets))


class _Told(msgspec.Struct, rename="camel"):
    """The fields that are read; HubSpot documents none of them as always present."""

    event_id: int
    subscription_type: str
    occurred_at: int
    object_id: int | str | None = None
    object_type_id: str | None = None
    primary_object_id: int | str | None = None
    from_object_id: int | str | None = None


class HubSpotReceiver:
    """One app's webhooks: a JSON array of up to 100 events."""

    terms = TERMS

    def __init__(self, secrets: list[Key]) -> None:
        self._secrets = secrets

    def verify(self, request: Request) -> Proof:
        timestamp = request.headers.get("x-hubspot-request-timestamp", "")
        check_window(whole_number(timestamp, "x-hubspot-request-timestamp") / 1000, request.received_at)
        given = request.headers.get("x-hubspot-signature-v3", "").encode("latin-1")
        # The official client signs the address as it is, the documentation says partly decoded.
        addresses = {request.url, _partly_decoded(request.url)}
        signed = [f"{request.method}{url}".encode() + request.body + timestamp.encode() for url in sorted(addresses)]

        def matches(secret: bytes) -> bool:
            expected = [base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()) for text in signed]
            return any(equal(given, signature) for signature in expected)

        return proven_by(SCHEME, self._secrets, matches, "x-hubspot-signature-v3")

    def events(self, request: Request) -> list[Event]:
        return [_event(bytes(raw)) for raw in decoded(request.body, list[msgspec.Raw], "a JSON array of events")]


def _event(raw: bytes) -> Event:
    try:
        told: _Told = decoded(raw, _Told, "an event with eventId, subscriptionType and occurredAt")
        occurred_at = from_milliseconds(told.occurred_at)
    except Unreadable as reason:
        return unread(raw, str(reason))
    same = msgspec.json.decode(raw)
    same.pop(_ATTEMPT, None)
    content = msgspec.json.encode(same, order="sorted")
    # That event ids are unique is nowhere promised: what was told is part of the id.
    event_id = f"{told.event_id}-{hashlib.sha256(content).hexdigest()[:16]}"
    return Event(event_id, told.subscription_type, raw, _subject(told), occurred_at, same=content)


def _subject(told: _Told) -> str | None:
    kind = told.subscription_type.partition(".")[0]
    if kind == "object":
        kind = told.object_type_id or kind
    ids = (told.object_id, told.primary_object_id, told.from_object_id)
    record = next((i for i in ids if i is not None), None)
    return None if record is None else f"{kind}/{record}"


def _partly_decoded(url: str) -> str:
    for escape in _DECODED:
        for spelled in (escape, escape.lower()):
            url = url.replace(spelled, unquote(escape))
    return url
