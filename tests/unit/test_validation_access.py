"""Who may ask the validation interface, and how errors look; nothing was published here."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from ingestion.config import ConfigurationError
from ingestion.sources.events.gateway import Gateway
from ingestion.sources.events.sqlite_inbox import SqliteInbox
from orchestration.cli import app as command_line
from orchestration.validation.app import MAX_BODY_BYTES, validation_app
from orchestration.validation.keys import SCOPES, Keys, hashed, new_key
from orchestration.validation.serving import validation_routes
from orchestration.validation.snapshot import Snapshot

OLD, NEW, READER = new_key(), new_key(), new_key()
HASHES = {"timesheets": [hashed(OLD), hashed(NEW)], "portal": [hashed(READER)]}
GRANTED = {"timesheets": list(SCOPES), "portal": ["projects:read"]}
QUESTION = {"project_id": "P1", "person": "ann@firm.example", "work_date": "2026-04-01", "hours": "8"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(validation_app(Snapshot(tmp_path), Keys(HASHES, GRANTED), 1e9))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def problem(answer: Any) -> tuple[int, str]:
    """Status and kind of a problem, whose body must be one."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code and body["title"] and body["detail"].endswith((".", "?"))
    return answer.status_code, body["type"].removeprefix("urn:leakage:problem:")


@pytest.mark.parametrize("key", [OLD, NEW], ids=["old", "new"])
def test_both_keys_are_valid_while_one_replaces_the_other(key: str, client: TestClient) -> None:
    # Let in, and nothing was published to answer from.
    assert problem(client.get("/projects/P1", headers=bearer(key))) == (503, "not-available")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(new_key()),
        bearer(OLD[:-1]),
        bearer(hashed(OLD)),
        bearer(""),
        {"Authorization": f"Basic {OLD}"},
        {"X-API-Key": OLD},
    ],
)
def test_nobody_asks_without_a_key(headers: dict[str, str], client: TestClient) -> None:
    answer = client.post("/validate/time-entry", json=QUESTION, headers=headers)
    assert problem(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/projects/P1", 503),
        ("GET", "/customers/C1", 403),
        ("GET", "/rates", 403),
        ("POST", "/validate/time-entry", 403),
        ("POST", "/validate/expense", 403),
        ("POST", "/validate/project", 403),
    ],
)
def test_a_key_asks_only_what_its_scopes_say(method: str, path: str, status: int, client: TestClient) -> None:
    assert client.request(method, path, json={}, headers=bearer(READER)).status_code == status


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    client = TestClient(validation_app(Snapshot(tmp_path), Keys(HASHES, GRANTED), 1))
    statuses = [client.get("/projects/P1", headers=bearer(OLD)).status_code for _ in range(2)]
    late = client.get("/projects/P1", headers=bearer(NEW))
    assert (statuses, problem(late)) == ([503, 503], (429, "too-many-requests"))
    assert int(late.headers["retry-after"]) >= 1
    # Another caller's patience is its own.
    assert client.get("/projects/P1", headers=bearer(READER)).status_code == 503


def test_every_error_is_a_problem_and_repeats_no_value(client: TestClient) -> None:
    ask = {"headers": bearer(OLD) | {"content-type": "application/json"}}
    answer = client.post("/validate/time-entry", json={**QUESTION, "hours": "s3cret", "more": "s3cret"}, **ask)
    assert problem(answer) == (422, "invalid-request")
    assert {fault["pointer"] for fault in answer.json()["faults"]} == {"body/hours", "body/more"}
    assert "s3cret" not in answer.text
    assert problem(client.get("/nowhere", headers=bearer(OLD))) == (404, "not-found")
    assert problem(client.get("/rates?projectid=P1", headers=bearer(OLD))) == (422, "invalid-request")
    assert problem(client.post("/validate/time-entry", content=b"{", **ask)) == (422, "invalid-request")
    assert problem(client.post("/validate/time-entry", json={**QUESTION, "hours": 7.5}, **ask))[0] == 422
    assert problem(client.delete("/rates", headers=bearer(OLD))) == (405, "method-not-allowed")
    large = b" " * (MAX_BODY_BYTES + 1)
    assert problem(client.post("/validate/time-entry", content=large, **ask))[0] == 413
    assert problem(client.post("/validate/time-entry", content=iter([large]), **ask))[0] == 413


def test_keys_are_never_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        texts = [client.get("/projects/P1", headers=bearer(key)).text for key in (OLD, NEW, READER, OLD + "x")]
    kept = repr([Keys(HASHES, GRANTED), vars(Keys(HASHES, GRANTED))])
    for key in (OLD, NEW, READER):
        assert not any(key in text for text in (*texts, caplog.text, kept))


def test_the_document_is_open_and_complete(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert set(document["paths"]) == {
        "/customers/{id}",
        "/projects/{id}",
        "/rates",
        "/validate/time-entry",
        "/validate/expense",
        "/validate/project",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["security"] and operation["description"]
            assert {"200", "401", "403", "422", "429", "503"} <= set(operation["responses"])
    # No amount is a number anywhere.
    assert '"number"' not in json.dumps(document)


# --- settings


@pytest.mark.parametrize(
    ("hashes", "scopes", "message"),
    [
        ({"Time": [hashed(OLD)]}, {"Time": ["validate"]}, "must be lower-case letters"),
        ({"a": [OLD]}, {"a": ["validate"]}, "a hash that `leakage api-key` did not print"),
        ({"a": []}, {"a": ["validate"]}, "one or two hashes"),
        ({"a": [hashed(OLD)] * 3}, {"a": ["validate"]}, "one or two hashes"),
        ({"a": hashed(OLD)}, {"a": ["validate"]}, "one or two hashes"),
        ({"a": [hashed(OLD)]}, {}, "a has no scopes"),
        ({"a": [hashed(OLD)]}, {"a": ["everything"]}, "unknown scopes everything"),
        ({}, {"b": ["validate"]}, "b has scopes and no key"),
    ],
)
def test_keys_that_cannot_be_used_are_refused(hashes: Any, scopes: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refusal:
        Keys(hashes, scopes)
    assert OLD not in str(refusal.value) and hashed(OLD) not in str(refusal.value)


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("VALIDATION__KEYS", "VALIDATION__SCOPES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    yield


@pytest.mark.usefixtures("no_settings")
def test_the_gateway_serves_events_and_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert validation_routes(said.append) == []
    monkeypatch.setenv("VALIDATION__KEYS", json.dumps(HASHES))
    monkeypatch.setenv("VALIDATION__SCOPES", json.dumps(GRANTED))
    gateway = Gateway({}, SqliteInbox(tmp_path / "inbox.db"), "http://gateway.example")
    with TestClient(gateway.app(validation_routes(said.append))) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/v1/openapi.json").json()["servers"] == [{"url": "/v1"}]
        assert client.get("/v1/projects/P1").status_code == 401
        assert client.get("/v1/projects/P1", headers=bearer(OLD)).status_code == 503
        assert client.post("/events/somebody").status_code == 404
    assert said == ["callers ask under /v1, described in /v1/openapi.json: portal, timesheets"]


def test_a_key_is_shown_once_and_configured_as_its_hash() -> None:
    done = CliRunner().invoke(command_line, ["api-key", "timesheets"])
    assert done.exit_code == 0
    key = done.stdout.strip()
    settings = tomllib.loads(done.stderr)["validation"]
    assert key not in done.stderr
    caller = Keys(settings["keys"], settings["scopes"]).caller(key)
    assert caller is not None and caller.name == "timesheets" and caller.scopes == set(SCOPES)
