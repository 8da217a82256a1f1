"""The gateway over HTTP: what is refused or put off, with which status, and that nothing of it is seen in the log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
import requests

from ingestion.sources.events.gateway import Limits
from tests import gateway_senders as senders
from tests.gateway_senders import NEW, OLD, ORG, SENDERS, WRONG, Call, Sender, now
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


RELAYS = {"/events/netsuite", "/events/salesforce", "/events/certinia"}


def replays(captured: list[Call]) -> list[tuple[Call, set[int]]]:
    """What can be made of requests that were accepted, without knowing a secret."""
    found: list[tuple[Call, set[int]]] = []
    for call in captured:
        signed = call.headers.get("webhook-id")
        if signed is not None:
            found.append((replace(call, headers=call.headers | {"webhook-id": f"{signed}x"}), {401}))
            later = str(int(call.headers["webhook-timestamp"]) + 60)
            found.append((replace(call, headers=call.headers | {"webhook-timestamp": later}), {401}))
        mine = call.path.partition("?")[0]
        # The tests' senders by Standard Webhooks share one secret; where they do not, it opens no other's door.
        others = {sender.call(NEW, now(), 1).path.partition("?")[0] for sender in SENDERS} - {mine}
        others -= RELAYS if mine in RELAYS else set()
        found += [(replace(call, path=path), {401, 415}) for path in sorted(others)]
    return found


def test_what_was_accepted_cannot_be_made_into_anything_else(running: Running) -> None:
    captured = [sender.call(NEW, now(), 700) for sender in SENDERS]
    assert {running.post(call).status_code for call in captured} <= {200, 202}
    stored = running.rows("*")
    again = replays(captured)
    assert len(again) >= 40
    answers = [(running.post(call).status_code, expected) for call, expected in again]
    assert [(status, expected) for status, expected in answers if status not in expected] == []
    assert running.rows("*") == stored


def test_a_replay_after_the_window_is_refused(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = [sender for sender in SENDERS if sender.stale_after]
    captured = [sender.call(NEW, now(), 800) for sender in signed]
    assert {running.post(call).status_code for call in captured} <= {200, 202}
    stored = running.rows("*")
    monkeypatch.setattr("ingestion.sources.events.gateway.datetime", DaysLater)
    assert [running.post(call).status_code for call in captured] == [401] * len(captured)
    assert running.rows("*") == stored


class DaysLater(datetime):
    """The gateway's clock, after every window has closed."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(days=4)


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
