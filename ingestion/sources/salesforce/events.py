"""Salesforce as a sender: outbound messages (SOAP), and platform or change events that a relay passes on (JSON).

Outbound messages are not signed: a token in their address and the id of the org stand for it. A relay signs by Standard
Webhooks. Every system that runs in a Salesforce org has these settings in its own section.
"""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import ConfigurationError
from ingestion.source import credentials
from ingestion.sources.events import cloudevents
from ingestion.sources.events.receiver import (
    JSON,
    Answer,
    Event,
    Proof,
    Receiver,
    Refused,
    Request,
    Terms,
    Unreadable,
    parse_time,
    unread,
)
from ingestion.sources.events.signatures import Key, equal, keys, proven_by
from ingestion.sources.events.standard_webhooks import EVIDENCE, StandardWebhooks
from ingestion.sources.salesforce.relayed import relayed_events

SCHEME = "salesforce-outbound"
_SOAP = "text/xml"
_OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_ACK = (
    f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}"><soapenv:Body>'
    f'<notificationsResponse xmlns="{_OUTBOUND}"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
TERMS = Terms(
    frozenset({_SOAP, JSON, cloudevents.STRUCTURED}), EVIDENCE, {_SOAP: Answer(200, _ACK.encode(), "text/xml")}
)
_OPENED = re.compile(rb"<(?:[\w.-]+:)?Notification(?=[\s>])")
_CLOSED = re.compile(rb"</(?:[\w.-]+:)?Notification\s*>")
# A session of the org's API, if the message was set up to send one: it never goes any further than this module.
_SESSION = re.compile(rb"(<(?:[\w.-]+:)?SessionId(?:\s[^<>]*)?>(?:<!\[CDATA\[)?)[^<]*")


@configspec
class OrgEvents(BaseConfiguration):
    """What this org's outbound messages and its relay prove themselves by; all secrets of a list are valid."""

    outbound_tokens: list[str] | None = None
    """In the address of outbound messages: ``/events/salesforce?token=...``."""
    organization_id: str | None = None
    """Of the org, 15 or 18 characters; outbound messages of another one are refused."""
    relay_secrets: list[str] | None = None
    """Standard Webhooks secrets (``whsec_...``) of whoever passes on platform and change events."""


def receiver(system: str = "salesforce") -> Receiver | None:
    """The org of ``system`` as a sender; None when nothing is configured. Raises ConfigurationError for wrong secrets."""
    conf = credentials(system, OrgEvents)
    if not (conf.outbound_tokens or conf.relay_secrets):
        return None
    if conf.outbound_tokens and len(conf.organization_id or "") not in (15, 18):
        raise ConfigurationError(
            f"{system}: outbound_tokens needs organization_id, the org's id of 15 or 18 characters"
        )
    tokens = keys(system, "outbound_tokens", conf.outbound_tokens)
    relay = StandardWebhooks(system, "relay_secrets", conf.relay_secrets) if conf.relay_secrets else None
    return OrgReceiver(tokens, conf.organization_id or "", relay)


class OrgReceiver:
    """One org's outbound messages and relayed events."""

    terms = TERMS

    def __init__(self, tokens: Sequence[Key], organization_id: str, relay: StandardWebhooks | None) -> None:
        self._tokens, self._organization, self._relay = tokens, organization_id, relay

    def verify(self, request: Request) -> Proof:
        if request.content_type == _SOAP:
            given = parse_qs(urlsplit(request.url).query, encoding="latin-1").get("token", [""])[0].encode("latin-1")
            return proven_by(SCHEME, self._tokens, lambda token: equal(given, token), "the token in the address")
        if self._relay is None:
            raise Refused(401, "no relay is configured")
        return self._relay.verify(request)

    def events(self, request: Request) -> list[Event]:
        if request.content_type != _SOAP:
            return relayed_events(request)
        body = _SESSION.sub(rb"\1***", request.body)
        try:
            return self._notifications(body)
        except Refused:
            raise
        except Exception as error:
            # Whatever it is, it is caught here: the body must not be kept with a session in it.
            reason = str(error) if isinstance(error, Unreadable) else f"it could not be read ({type(error).__name__})"
            return [unread(body, reason)]

    def _notifications(self, body: bytes) -> list[Event]:
        try:
            root = fromstring(body, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            raise Unreadable("it is not well-formed XML without a DTD") from None
        message = root.find(f"{{{_ENVELOPE}}}Body/{_name('notifications')}")
        if message is None:
            raise Unreadable("it is not an outbound message")
        organization = message.findtext(_name("OrganizationId"), "")
        # The first 15 characters are the id, the other three only say which of them are upper case.
        if organization[:15] != self._organization[:15]:
            raise Refused(403, "it comes from another org")
        found = message.findall(_name("Notification"))
        opened, closed = list(_OPENED.finditer(body)), list(_CLOSED.finditer(body))
        if not len(found) == len(opened) == len(closed) > 0:
            raise Unreadable("its notifications cannot be told apart")
        parts = [body[start.start() : end.end()] for start, end in zip(opened, closed, strict=True)]
        return [_notification(element, part) for element, part in zip(found, parts, strict=True)]


def _notification(element: Element, payload: bytes) -> Event:
    event_id, record = element.findtext(_name("Id"), ""), element.find(_name("sObject"))
    if not event_id or record is None:
        return unread(payload, "it has no Id or no sObject")
    fields = {child.tag.rpartition("}")[2]: child.text for child in record}
    kind = next((value for name, value in record.attrib.items() if name.endswith("}type")), "").rpartition(":")[2]
    if not kind or not fields.get("Id"):
        return unread(payload, "its sObject has no type or no Id")
    try:
        occurred_at = parse_time(fields.get("SystemModstamp") or fields.get("LastModifiedDate"))
    except Unreadable:
        occurred_at = None
    # A repeated message carries the record as it is by then: the same id with other content is no other event.
    return Event(event_id, f"{kind}.outbound", payload, f"{kind}/{fields['Id']}", occurred_at, same=b"")


def _name(tag: str) -> str:
    return f"{{{_OUTBOUND}}}{tag}"
