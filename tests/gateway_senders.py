"""The senders of the gateway's tests: requests made and signed by each vendor's own recipe, not by our code."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hubspot.utils.signature import Signature
from standardwebhooks import Webhook

PUBLIC_URL = "https://events.firm.example"
ORG = "00D5g0000012345EAA"
NEW, OLD, WRONG = "new", "old", "wrong"


@dataclass(frozen=True)
class Call:
    """One request to the gateway: ``path`` with its query."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def tampered(self) -> Call:
        """The same request after somebody changed one byte in the middle of its body."""
        middle = len(self.body) // 2
        changed = bytes([self.body[middle] ^ 1])
        return replace(self, body=self.body[:middle] + changed + self.body[middle + 1 :])


@dataclass(frozen=True)
class Sender:
    """A way of sending. ``call(key, at, number)`` is event ``number`` proven with ``key`` at that time."""

    name: str
    call: Callable[[str, datetime, int], Call]
    signs_body: bool = True
    stale_after: timedelta | None = timedelta(minutes=5)


def webhook_secret(key: str) -> str:
    return "whsec_" + base64.b64encode(f"a secret of 32 bytes .... {key:>6}".encode()).decode()


def shared_secret(key: str) -> str:
    return f"c0ffee00-1111-2222-3333-{key:>012}"


@cache
def rsa_key(key: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_pem(key: str) -> str:
    return rsa_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def environment() -> dict[str, str]:
    """The gateway's settings: every sender has a new and an old secret, both valid."""

    def both(make: Callable[[str], str]) -> str:
        return json.dumps([make(NEW), make(OLD)])

    return {
        "SOURCES__EVENTS__SENDERS": json.dumps({"netsuite": [webhook_secret(NEW), webhook_secret(OLD)]}),
        "SOURCES__EVENTS__PUBLIC_URL": PUBLIC_URL,
        "SOURCES__HUBSPOT__WEBHOOK_SECRETS": both(shared_secret),
        "SOURCES__SALESFORCE__OUTBOUND_TOKENS": both(shared_secret),
        "SOURCES__SALESFORCE__ORGANIZATION_ID": ORG[:15],
        "SOURCES__SALESFORCE__RELAY_SECRETS": both(webhook_secret),
        "SOURCES__CERTINIA__RELAY_SECRETS": both(webhook_secret),
        "SOURCES__CONCUR__WEBHOOK_PUBLIC_KEYS": both(public_pem),
        "SOURCES__DYNAMICS365__WEBHOOK_KEYS": both(shared_secret),
    }


def secrets_in_use() -> list[str]:
    """Everything that must never be seen in a log or a table."""
    made = [make(key) for make in (webhook_secret, shared_secret) for key in (NEW, OLD, WRONG)]
    return [*made, *(secret.removeprefix("whsec_") for secret in made)]


def signed(name: str, key: str, at: datetime, message_id: str, body: bytes, content_type: str, **more: str) -> Call:
    """A request signed by the Standard Webhooks library."""
    # The library reads a naive or aware time as UTC.
    signature = Webhook(webhook_secret(key)).sign(message_id, at.astimezone(UTC), body.decode())
    headers = {
        "content-type": content_type,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return Call(f"/events/{name}", body, headers | more)


def cloud_event(number: int, **changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": f"inv-{number}",
        "source": "/netsuite/TSTDRV1",
        "type": "com.netsuite.invoice.edit.v1",
        "subject": f"invoice/{number}",
        "time": "2026-11-26T10:00:00.25+01:00",
        "correlationid": "C-1",
        "data": {"tranid": f"INV{number}", "total": "1200.50"},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def by_library(event: dict[str, Any]) -> CloudEvent:
    attributes = {name: value for name, value in event.items() if name not in ("time", "data")}
    return CloudEvent({**attributes, "time": datetime.fromisoformat(event["time"])}, event["data"])


def structured(key: str, at: datetime, number: int) -> Call:
    message = to_structured_event(by_library(cloud_event(number)))
    return signed(
        "netsuite", key, at, f"msg_{number}", message.body, f"{message.headers['content-type']}; charset=utf-8"
    )


def batch(key: str, at: datetime, number: int, size: int = 3) -> Call:
    body = json.dumps([cloud_event(number * size + n) for n in range(size)]).encode()
    return signed("netsuite", key, at, f"batch_{number}", body, "application/cloudevents-batch+json")


def binary(key: str, at: datetime, number: int) -> Call:
    message = to_binary_event(by_library(cloud_event(number, id=f"bin-{number}", datacontenttype="application/json")))
    attributes = {name: value for name, value in message.headers.items() if name.startswith("ce-")}
    return signed("netsuite", key, at, f"bin-{number}", message.body, "application/json", **attributes)


def plain(key: str, at: datetime, number: int) -> Call:
    body = json.dumps({"type": "invoice.edit", "timestamp": "2026-11-26T09:00:00Z", "data": {"id": number}}).encode()
    return signed("netsuite", key, at, f"plain-{number}", body, "application/json")


def hubspot_event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "eventId": number,
        "subscriptionId": 123,
        "portalId": 33,
        "appId": 1160452,
        "occurredAt": 1795000000125,
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": 9007199254740993 + number,
        "propertyName": "dealstage",
        "propertyValue": "closedwon ✓",
        **changes,
    }


def hubspot(key: str, at: datetime, number: int, *events: dict[str, Any], query: str = "?source=a%2Fb") -> Call:
    body = json.dumps(list(events) or [hubspot_event(number)], ensure_ascii=False)
    timestamp = str(int(at.timestamp() * 1000))
    url = f"{PUBLIC_URL}/events/hubspot{query}"
    signature = Signature.get_signature(shared_secret(key), body, "v3", url, "POST", timestamp)
    headers = {
        "content-type": "application/json",
        "x-hubspot-signature-v3": signature,
        "x-hubspot-request-timestamp": timestamp,
    }
    return Call(f"/events/hubspot{query}", body.encode(), headers)


def outbound(key: str, at: datetime, number: int, organization: str = ORG, notifications: str | None = None) -> Call:
    notification = (
        f'<Notification><Id>04l{number:012}</Id><sObject xsi:type="sf:Opportunity" '
        'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>006{number:012}</sf:Id><sf:Name>Größe &lt;b&gt; 東京</sf:Name>"
        "<sf:SystemModstamp>2026-11-26T10:00:00.000Z</sf:SystemModstamp></sObject></Notification>"
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{organization}</OrganizationId><ActionId>04k5g000000abcd</ActionId>"
        "<SessionId>00D5g0000012345!SESSION</SessionId><EnterpriseUrl>https://x</EnterpriseUrl>"
        f"{notification if notifications is None else notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    )
    return Call(
        f"/events/salesforce?token={shared_secret(key)}", body.encode(), {"content-type": "text/xml; charset=UTF-8"}
    )


def change_event(number: int, records: int = 1) -> dict[str, Any]:
    header = {
        "entityName": "Opportunity",
        "recordIds": [f"006{number:06}{n:06}" for n in range(records)],
        "changeType": "UPDATE",
        "transactionKey": f"0002-{number}",
        "sequenceNumber": 1,
        "commitTimestamp": 1795000000000,
        "changedFields": ["StageName"],
    }
    return {
        "schema": "x",
        "payload": {"ChangeEventHeader": header, "StageName": "Closed Won"},
        "event": {"replayId": 7},
    }


def relayed(key: str, at: datetime, number: int) -> Call:
    body = json.dumps(change_event(number)).encode()
    return signed("salesforce", key, at, f"relay_{number}", body, "application/json")


def certinia(key: str, at: datetime, number: int) -> Call:
    event = {"payload": {"EventUuid": str(uuid4()), "CreatedDate": "2026-11-26T10:00:00.000Z", "Hours__c": 8}}
    body = json.dumps({"detail-type": "Timecard_Approved__e", "detail": event}).encode()
    return signed("certinia", key, at, f"relay_{number}", body, "application/json")


def concur_event(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    facts = {"companyId": "c-1", "reportId": f"R{number}", "href": "https://us.api.concursolutions.com/x"}
    return {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "correlationId": "corr-1",
        "route": "stable",
        "topic": "public.concur.expense.report",
        "eventType": "statusChanged",
        "timeStamp": at.isoformat(),
        "facts": facts,
        **changes,
    }


def concur(key: str, at: datetime, number: int, body: bytes | None = None) -> Call:
    content = json.dumps(concur_event(number, at)).encode() if body is None else body
    signature = rsa_key(key).sign(content, padding.PKCS1v15(), hashes.SHA256())
    headers = {"content-type": "application/json", "concur-signature": base64.b64encode(signature).decode()}
    return Call("/events/concur", content, headers)


def context(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "MessageName": "Update",
        "PrimaryEntityName": "msdyn_timeentry",
        "PrimaryEntityId": f"aaaaaaaa-0000-4000-8000-{number:012}",
        "OperationId": f"bbbbbbbb-0000-4000-8000-{number:012}",
        "CorrelationId": f"cccccccc-0000-4000-8000-{number:012}",
        "OperationCreatedOn": "/Date(1795000000000+0000)/",
        "Mode": 1,
        "Stage": 40,
        "InputParameters": [],
        **changes,
    }


def dataverse(key: str, at: datetime, number: int) -> Call:
    headers = {"content-type": "application/json", "x-ms-dynamics-organization": "firm.crm.dynamics.com"}
    return Call(f"/events/dynamics365?code={shared_secret(key)}", json.dumps(context(number)).encode(), headers)


SENDERS = (
    Sender("structured", structured),
    Sender("batch", batch),
    Sender("binary", binary),
    Sender("plain", plain),
    Sender("hubspot", hubspot),
    Sender("outbound", outbound, signs_body=False, stale_after=None),
    Sender("relayed", relayed),
    Sender("certinia", certinia),
    Sender("concur", concur, stale_after=timedelta(hours=72)),
    Sender("dataverse", dataverse, signs_body=False, stale_after=None),
)


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
