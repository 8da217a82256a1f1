"""The gateway over HTTP: what each sender's requests become, and what happens to those that come again or cannot be read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.sources.events.gateway import Limits
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import event_settings
from tests import gateway_senders as senders
from tests.gateway_senders import NEW, OLD, SENDERS, WRONG, Sender, now
from tests.gateway_server import Running

BY_NAME = {sender.name: sender for sender in SENDERS}
every_sender = pytest.mark.parametrize("sender", SENDERS, ids=BY_NAME)


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    for name, value in senders.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, Limits(requests_per_second=10_000)) as found:
        yield found


# --- what the senders' events become


def test_what_each_senders_event_becomes(running: Running) -> None:
    assert [running.post(sender.call(NEW, now(), 1)).status_code for sender in SENDERS if sender.name != "batch"] == [
        *[202] * 4,
        200,
        *[202] * 4,
    ]
    stored = running.rows("source, scheme, event_id, type, subject, occurred_at, correlation_id, quarantine_reason")
    at_ten, in_2026 = "2026-11-26T10:00:00.000000+00:00", "2026-11-18T11:06:40.000000+00:00"
    certinia_id, concur_time = stored[6][2], stored[7][5]
    assert stored == [
        ("netsuite", "standard-webhooks", "/netsuite/TSTDRV1#inv-1", "com.netsuite.invoice.edit.v1", "invoice/1",
         "2026-11-26T09:00:00.250000+00:00", "C-1", None),
        ("netsuite", "standard-webhooks", "bin-1", "com.netsuite.invoice.edit.v1", "invoice/1",
         "2026-11-26T09:00:00.250000+00:00", "C-1", None),
        ("netsuite", "standard-webhooks", "plain-1", "invoice.edit", None,
         "2026-11-26T09:00:00.000000+00:00", None, None),
        ("hubspot", "hubspot-v3", stored[3][2], "deal.propertyChange", "deal/9007199254740994",
         "2026-11-18T11:06:40.125000+00:00", None, None),
        ("salesforce", "salesforce-outbound", "04l000000000001", "Opportunity.outbound", "Opportunity/006000000000001",
         at_ten, None, None),
        ("salesforce", "standard-webhooks", "0002-1-1-Opportunity-006000001000000", "Opportunity.UPDATE",
         "Opportunity/006000001000000", in_2026, None, None),
        ("certinia", "standard-webhooks", certinia_id, "Timecard_Approved__e", None, at_ten, None, None),
        ("concur", "concur-ess", "00000001-0000-4000-8000-000000000000", "concur.expense.report.statusChanged",
         "report/R1", concur_time, "corr-1", None),
        ("dynamics365", "dataverse-key", "bbbbbbbb-0000-4000-8000-000000000001", "msdyn_timeentry.Update",
         "msdyn_timeentry/aaaaaaaa-0000-4000-8000-000000000001", in_2026, "cccccccc-0000-4000-8000-000000000001", None),
    ]  # fmt: skip


def test_payload_and_evidence_are_as_received(running: Running) -> None:
    call, many = senders.structured(NEW, now(), 1), senders.batch(OLD, now(), 1)
    running.post(call)
    running.post(many)
    payloads = [payload for (payload,) in running.rows("payload")]
    assert payloads[0] == call.body
    assert b"[" + b", ".join(payloads[1:]) + b"]" == many.body
    headers = json.loads(running.rows("headers")[0][0])
    assert {"content-type", "webhook-id", "webhook-timestamp"} <= set(headers)
    assert not {"webhook-signature", "authorization", "x-hubspot-signature-v3"} & set(headers)
    keys = [key for (key,) in running.rows("key_id")]
    assert len(set(keys)) == 2 and keys[1] == keys[2] == keys[3] != keys[0]


def test_an_outbound_message_keeps_no_session(running: Running) -> None:
    readable, unreadable = senders.outbound(NEW, now(), 1), senders.outbound(NEW, now(), 2, notifications="")
    assert running.post(readable).text.count("<Ack>true</Ack>") == 1
    assert running.post(unreadable).status_code == 200
    (kept,), (whole,) = running.rows("payload")
    assert kept.startswith(b"<Notification>") and "Größe".encode() in kept
    assert b"<SessionId>***</SessionId>" in whole
    assert b"!SESSION" not in b"".join(p for (p,) in running.rows("payload"))


def test_a_change_of_many_records_is_an_event_for_each(running: Running) -> None:
    body = json.dumps([senders.change_event(1, records=3), senders.change_event(2, records=0), {"payload": 1}]).encode()
    call = senders.signed("salesforce", NEW, now(), "relay_1", body, "application/json")
    assert running.post(call).status_code == 202
    assert running.rows("subject, quarantine_reason") == [
        *((f"Opportunity/006000001{n:06}", None) for n in range(3)),
        (None, None),
        (None, "it has no payload"),
    ]


@every_sender
def test_secrets_rotate(sender: Sender, running: Running) -> None:
    for number, key in enumerate((NEW, OLD)):
        assert running.post(sender.call(key, now(), number)).status_code in (200, 202)
    assert running.accepted() == (6 if sender.name == "batch" else 2)
    assert running.post(sender.call(WRONG, now(), 3)).status_code == 401
    assert len({key for (key,) in running.rows("key_id")}) == 2


def test_an_asymmetric_signature(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    monkeypatch.setenv("SOURCES__EVENTS__SENDERS", json.dumps({"netsuite": [f"whpk_{public}"]}))
    call = senders.structured(NEW, now(), 1)
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    v1a = f"v1a,{base64.b64encode(private.sign(signed)).decode()}"
    both = f"{call.headers['webhook-signature']} {v1a} v9,{'A' * 8}"
    with Running(tmp_path, Limits(), configured_receivers(event_settings())) as other:
        assert other.post(call).status_code == 401
        for signature in (v1a, both):
            call.headers["webhook-signature"] = signature
            assert other.post(call).status_code == 202
            assert other.post(call.tampered()).status_code == 401


# --- what comes again


@every_sender
def test_what_comes_again_is_answered_and_not_stored_again(sender: Sender, running: Running) -> None:
    call = sender.call(NEW, now(), 1)
    answers = {running.post(call).status_code for _ in range(3)}
    assert len(answers) == 1 and answers <= {200, 202}
    assert len(running.rows("seq")) == (3 if sender.name == "batch" else 1)


def test_a_retry_with_a_counter_is_the_same_event(running: Running) -> None:
    for attempt in range(3):
        event = senders.hubspot_event(1, attemptNumber=attempt)
        running.post(senders.hubspot(NEW, now(), 1, event, senders.hubspot_event(1, propertyValue="lost")))
    assert len(running.rows("seq")) == 2
    assert running.accepted() == 2


def test_another_content_under_a_known_id_is_kept_and_reported(running: Running) -> None:
    first = senders.cloud_event(1)
    for event in (
        first,
        senders.cloud_event(1, data={"total": "1.00"}),
        senders.cloud_event(1, data={"total": "1.00"}),
        first,
    ):
        body = json.dumps(event).encode()
        call = senders.signed("netsuite", NEW, now(), "m", body, "application/cloudevents+json")
        assert running.post(call).status_code == 202
    ((known, no_reason), (other, reason)) = running.rows("event_id, quarantine_reason")
    assert (no_reason, reason) == (None, "its id was received before with other content")
    assert other.startswith(f"{known}#")


def test_a_replay_cannot_pass_for_another_event_by_its_unsigned_headers(running: Running) -> None:
    call = senders.binary(NEW, now(), 1)
    running.post(call)
    call.headers["ce-source"] = "/another"
    running.post(call)
    assert len(running.rows("seq")) == 1
    call.headers["ce-id"] = "another"
    assert running.post(call).status_code == 202
    assert len(running.rows("seq")) == running.accepted() == 1
    other = senders.binary(NEW, now(), 2)
    other.headers["ce-id"] = "another"
    assert running.post(other).status_code == 202
    assert running.rows("event_id, quarantine_reason")[1:] == [
        ("bin-2", "its ce-id is not its webhook-id, which alone is signed")
    ]


# --- what cannot be understood is kept


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("application/json", b"not json", "it is not a JSON object with a type"),
        ("application/json", b"[" * 100_000, "it is not a JSON object with a type"),
        ("application/json", b'{"type": "\\ud800"}', "it is not a JSON object with a type"),
        ("application/json", b'{"type": "a", "timestamp": "yesterday"}', "its time is not an ISO 8601 time with an offset"),
        ("application/json", b'{"type": "a\\u0000b"}', "its type is empty, too long or has control characters"),
        ("application/cloudevents+json", b"{}", "it is not a CloudEvent with id, source, specversion and type"),
        ("application/cloudevents+json", senders.cloud_event(1, specversion="0.3"), "its specversion is not 1.0"),
        ("application/cloudevents+json", senders.cloud_event(1, id=""), "its id, source or type is empty"),
        ("application/cloudevents+json", senders.cloud_event(1, time="2026-11-26T10:00:00"),
         "its time is not an ISO 8601 time with an offset"),
        ("application/cloudevents+json", senders.cloud_event(1, id="x" * 501),
         "its id is empty, too long or has control characters"),
        ("application/cloudevents-batch+json", b'{"id": 1}', "it is not a JSON array of CloudEvents"),
    ],
)  # fmt: skip
def test_what_is_proven_and_cannot_be_read_is_kept(
    content_type: str, body: bytes | dict[str, Any], reason: str, running: Running
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    call = senders.signed("netsuite", NEW, now(), "m-1", content, content_type)
    for _ in range(2):
        assert running.post(call).status_code == 202
    assert running.rows("payload, quarantine_reason") == [(content, reason)]


def test_one_unreadable_event_of_a_batch_keeps_the_others_in(running: Running) -> None:
    hubspot = senders.hubspot(NEW, now(), 1, senders.hubspot_event(1), {"eventId": "x"}, senders.hubspot_event(2))
    events = [senders.cloud_event(1), {"id": 7}, senders.cloud_event(2), "text", None]
    body = json.dumps(events).encode()
    batch = senders.signed("netsuite", NEW, now(), "b", body, "application/cloudevents-batch+json")
    empty = senders.signed("netsuite", NEW, now(), "e", b"[]", "application/cloudevents-batch+json")
    assert [running.post(call).status_code for call in (hubspot, batch, empty)] == [202] * 3
    assert running.accepted() == 4
    assert len(running.rows("seq")) == 8


def test_what_other_vendors_send_and_cannot_be_read_is_kept(running: Running) -> None:
    unread = [
        senders.concur(NEW, now(), 1, b'{"id":"x"}'),
        senders.concur(NEW, now(), 1, json.dumps(senders.concur_event(1, now(), timeStamp="now")).encode()),
        senders.outbound(NEW, now(), 1, notifications="<Notification><Id>1</Id></Notification>"),
        replace(senders.outbound(NEW, now(), 1), body=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        replace(senders.outbound(NEW, now(), 1), body=b"<a>" * 1000),
        replace(senders.dataverse(NEW, now(), 1), body=json.dumps(senders.context(1, OperationCreatedOn="?")).encode()),
        replace(senders.dataverse(NEW, now(), 1), body=b"{}"),
    ]
    assert [running.post(call).status_code for call in unread] == [202, 202, 200, 200, 200, 202, 202]
    assert [reason for (reason,) in running.rows("quarantine_reason")] == [
        "it is not an event with id, topic, eventType and timeStamp",
        "its time is not an ISO 8601 time with an offset",
        "it has no Id or no sObject",
        "it is not well-formed XML without a DTD",
        "it is not well-formed XML without a DTD",
        "its OperationCreatedOn is no /Date(milliseconds)/",
        "it is not an execution context with MessageName and PrimaryEntityName",
    ]
