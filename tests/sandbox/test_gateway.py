"""The gateway over HTTP: what each sender's requests become, and what is refused."""

from __future__ import annotations

import base64
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.sources.events.gateway import Gateway, Limits
from ingestion.sources.events.receiver import Receiver
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import configured_inbox, event_settings
from tests import gateway_senders as senders
from tests.gateway_senders import NEW, OLD, ORG, PUBLIC_URL, SENDERS, WRONG, Call, Sender, now

Row = tuple[Any, ...]
BY_NAME = {sender.name: sender for sender in SENDERS}
every_sender = pytest.mark.parametrize("sender", SENDERS, ids=BY_NAME)


@cache
def usual() -> dict[str, Receiver]:
    """The receivers of the usual settings, which take a while to resolve."""
    return configured_receivers(event_settings())


def receiver_of(call: Call) -> Receiver:
    return usual()[call.path.partition("?")[0].removeprefix("/events/")]


class Running:
    """A gateway on a free port, in a thread of this process, and its inbox."""

    def __init__(self, data_dir: Path, limits: Limits, receivers: dict[str, Receiver] | None = None) -> None:
        self.path = data_dir / "events" / "inbox.db"
        gateway = Gateway(receivers or usual(), configured_inbox(), PUBLIC_URL, limits)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(gateway.app(), log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self.socket],), daemon=True)
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._http.close()

    def post(self, call: Call, method: str = "POST") -> requests.Response:
        url = f"http://127.0.0.1:{self.port}{call.path}"
        return self._http.request(method, url, data=call.body, headers=call.headers, timeout=10)

    def spoken(self, call: Call, *parts: bytes) -> bytes:
        """The answer to a request that is written by hand: the head of ``call``, then ``parts``, as far as they are read."""
        lines = [f"POST {call.path} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in call.headers.items())]
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            with suppress(ConnectionError):
                for part in ("\r\n".join([*lines, ""]).encode(), *parts):
                    connection.sendall(part)
            return connection.recv(4096)

    def rows(self, columns: str) -> list[Row]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(f"select {columns} from event order by seq").fetchall()

    def accepted(self) -> int:
        """Events that were stored as what they claim to be."""
        return sum(reason is None for (reason,) in self.rows("quarantine_reason"))


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


# --- what is refused


@every_sender
def test_what_is_not_proven_is_refused(sender: Sender, running: Running) -> None:
    right = sender.call(NEW, now(), 1)
    refused = [
        sender.call(WRONG, now(), 1),
        # Neither a secret in a header nor one in the address.
        Call(right.path.partition("?")[0], right.body, {"content-type": right.headers["content-type"]}),
    ]
    if sender.signs_body:
        refused.append(right.tampered())
    if sender.stale_after:
        margin = timedelta(seconds=30)
        refused += [sender.call(NEW, now() - sender.stale_after - margin, 1)]
        refused += [sender.call(NEW, now() + timedelta(minutes=5) + margin, 1)]
    assert {running.post(call).status_code for call in refused} == {401}
    assert running.rows("seq") == []
    assert running.post(right).status_code in (200, 202)


def test_an_address_that_was_not_signed_is_refused(running: Running) -> None:
    call = senders.hubspot(NEW, now(), 1, query="?a=1")
    assert running.post(replace(call, path="/events/hubspot?a=2")).status_code == 401
    assert running.post(call).status_code == 202
    decoded = senders.hubspot(NEW, now(), 2, query="?path=/x:y")
    assert running.post(replace(decoded, path="/events/hubspot?path=%2Fx%3ay")).status_code == 202


def test_another_org_is_refused(running: Running) -> None:
    assert running.post(senders.outbound(NEW, now(), 1, organization="00D000000000001AAA")).status_code == 403
    assert running.rows("seq") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-timestamp": "1.5e9"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 20},
        {"webhook-timestamp": ""},
        {"webhook-id": "a.b"},
        {"webhook-id": ""},
        {"webhook-id": "x" * 300},
    ],
)
def test_malformed_headers_are_refused(headers: dict[str, str], running: Running) -> None:
    call = senders.structured(NEW, now(), 1)
    call.headers.update(headers)
    encoded = {name: value.encode("utf-8") for name, value in call.headers.items()}
    assert running.post(replace(call, headers=encoded)).status_code == 401  # type: ignore[arg-type]
    assert running.rows("seq") == []


def test_wrong_kinds_of_requests_are_refused(running: Running) -> None:
    right = senders.structured(NEW, now(), 1)

    def answered(call: Call = right, method: str = "POST", **headers: str) -> int:
        return running.post(replace(call, headers=call.headers | headers), method).status_code

    assert answered(replace(right, path="/events/nobody")) == 404
    assert answered(replace(right, path="/events/coupa")) == 404
    assert [answered(method=method) for method in ("GET", "PUT", "OPTIONS", "DELETE")] == [405] * 4
    assert answered(**{"content-type": "text/html"}) == 415
    assert answered(**{"content-encoding": "gzip"}) == 415
    assert answered(replace(senders.hubspot(NEW, now(), 1), headers={"content-type": "text/xml"})) == 415
    assert running.rows("seq") == []
    assert requests.get(f"http://127.0.0.1:{running.port}/health", timeout=10).json()["status"] == "ok"


def test_a_body_that_is_too_large_is_refused_before_it_has_come(running: Running) -> None:
    right = senders.structured(NEW, now(), 1)
    assert running.spoken(right, b"content-length: 2000000\r\n\r\n").startswith(b"HTTP/1.1 413")
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    assert running.spoken(right, b"transfer-encoding: chunked\r\n\r\n", *[piece] * 17).startswith(b"HTTP/1.1 413")
    assert running.rows("seq") == []


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with Running(tmp_path, Limits(body_seconds=0.2)) as slow:
        assert slow.spoken(senders.structured(NEW, now(), 1), b"content-length: 10\r\n\r\nabc").startswith(
            b"HTTP/1.1 408"
        )


def test_a_flood_is_put_off(tmp_path: Path) -> None:
    with Running(tmp_path, Limits(requests_per_second=0.01)) as limited:
        assert limited.post(senders.hubspot(WRONG, now(), 1)).status_code == 401
        answer = limited.post(senders.hubspot(NEW, now(), 1))
        assert answer.status_code == 429 and 90 <= int(answer.headers["retry-after"]) <= 100
        # Each sender has a rate of its own.
        assert limited.post(senders.concur(NEW, now(), 1)).status_code == 202


def test_what_cannot_be_stored_is_not_acknowledged(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    with sqlite3.connect(running.path) as connection:
        connection.execute("create trigger full before insert on event begin select raise(abort, 'disk is full'); end")
    answer = running.post(senders.structured(NEW, now(), 1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "it cannot be used (disk is full); check the disk's space" in caplog.text
    with sqlite3.connect(running.path) as connection:
        connection.execute("drop trigger full")
    assert running.post(senders.structured(NEW, now(), 1)).status_code == 202
    assert running.accepted() == 1


# --- many at once


def hostile() -> list[tuple[Call, set[int]]]:
    """A hundred requests that must not be accepted, and the statuses that say why."""
    at = now()
    found: list[tuple[Call, set[int]]] = []
    for number, sender in enumerate(SENDERS * 2):
        found.append((sender.call(WRONG, at, number), {401}))
        if sender.signs_body:
            found.append((sender.call(NEW, at, number).tampered(), {401}))
        if sender.stale_after:
            found.append((sender.call(NEW, at - sender.stale_after * 2, number), {401}))
        right = sender.call(OLD, at, number)
        found.append((replace(right, body=b"x" * (1 << 20) + right.body), {413}))
        malformed = {"webhook-signature": "v1", "x-hubspot-signature-v3": "?", "concur-signature": "?"}
        broken = {k: malformed.get(k, v) for k, v in right.headers.items()}
        found.append((replace(right, path=right.path.partition("?")[0], headers=broken), {401}))
        found.append((replace(right, headers=right.headers | {"content-type": "image/png"}), {415}))
    return found


def test_a_hundred_hostile_requests_are_refused_and_leak_nothing(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    replayed = [sender.call(NEW, now(), 900) for sender in SENDERS]
    welcome = [running.post(call).status_code for call in replayed]
    stored = running.rows("*")
    caplog.clear()
    requests_made = hostile()
    assert len(requests_made) >= 100
    answers = [running.post(call) for call, _ in requests_made]
    wrong = [(a.status_code, e) for a, (_, e) in zip(answers, requests_made, strict=True) if a.status_code not in e]
    assert wrong == []
    # A replay inside the window looks like the retry of a sender that missed our answer: the same answer, and nothing new.
    assert [running.post(call).status_code for call in replayed] == welcome
    assert running.rows("*") == stored
    told = [record.getMessage() for record in caplog.records if record.name.startswith("ingestion.")]
    assert len(told) == len(requests_made)
    seen = "\n".join(told) + "".join(answer.text for answer in answers)
    personal = ["Größe", "closedwon", "R1", "006000", ORG]
    assert [secret for secret in [*senders.secrets_in_use(), *personal] if secret in seen] == []
    table = str(running.rows("source, headers, payload, key_id"))
    assert [secret for secret in senders.secrets_in_use() if secret in table] == []
