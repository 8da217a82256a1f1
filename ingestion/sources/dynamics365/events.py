"""Dataverse's webhooks: a shared key in the address or in a header, and the execution context of a plug-in step.

Nothing is signed: such an event is a hint to read the record again, and no more.
"""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
import hashlib
import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

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
)
from ingestion.sources.events.signatures import Key, equal, keys, proven_by

SYSTEM = "dynamics365"
SCHEME = "dataverse-key"
TERMS = Terms(evidence=("x-ms-dynamics-*", "x-ms-correlation-request-id"))
_NO_GUID = "00000000-0000-0000-0000-000000000000"
_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)


@configspec
class DataverseEvents(BaseConfiguration):
    """The keys that the webhook is registered with: ``WebhookKey`` puts one in the address, ``HttpHeader`` in a header."""

    webhook_keys: list[str] | None = None
    webhook_header: str = "x-webhook-key"


def receiver() -> Receiver | None:
    """Dataverse as a sender; None when no key is configured. Raises ConfigurationError for one that is too short."""
    conf = credentials(SYSTEM, DataverseEvents)
    if not conf.webhook_keys:
        return None
    return DataverseReceiver(keys(SYSTEM, "webhook_keys", conf.webhook_keys), conf.webhook_header)


class _Context(msgspec.Struct, rename="pascal"):
    """What is read of a RemoteExecutionContext."""

    message_name: str
    primary_entity_name: str
    primary_entity_id: str = _NO_GUID
    operation_id: str = _NO_GUID
    correlation_id: str | None = None
    operation_created_on: str | None = None


class DataverseReceiver:
    """One environment's webhooks, one event a request."""

    terms = TERMS

    def __init__(self, shared_keys: list[Key], header: str = "x-webhook-key") -> None:
        self._keys, self._header = shared_keys, header.lower()

    def verify(self, request: Request) -> Proof:
        in_address = parse_qs(urlsplit(request.url).query, encoding="latin-1").get("code", [""])[0]
        given = (request.headers.get(self._header) or in_address).encode("latin-1")
        return proven_by(SCHEME, self._keys, lambda key: equal(given, key), "the webhook key")

    def events(self, request: Request) -> list[Event]:
        told = decoded(request.body, _Context, "an execution context with MessageName and PrimaryEntityName")
        # The job of an asynchronous step keeps its id when it is tried again; a synchronous step is not tried again.
        job = told.operation_id if told.operation_id != _NO_GUID else hashlib.sha256(request.body).hexdigest()
        subject = None
        if told.primary_entity_id != _NO_GUID:
            subject = f"{told.primary_entity_name}/{told.primary_entity_id}"
        kind = f"{told.primary_entity_name}.{told.message_name}"
        return [Event(job, kind, request.body, subject, _time(told.operation_created_on), told.correlation_id)]


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = _DATE.fullmatch(text)
    if found is None:
        raise Unreadable("its OperationCreatedOn is no /Date(milliseconds)/")
    return from_milliseconds(int(found.group(1)))
