"""The Kantata OX stand-in held to the truth by the Singer tap of its former name, in an environment of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.sandbox.facts import Facts, TimeEntry
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.kantata import System
from ingestion.sandbox.world import World
from tests.sandbox.external_clients import ExternalClient

pytestmark = pytest.mark.external("tap-mavenlink")

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LONG_AGO, YESTERDAY = NOW - timedelta(days=60), NOW - timedelta(days=1)
ENTRIES = 450
STREAMS = ("invoices", "stories", "time_entries", "users", "workspace_allocations", "workspaces")

# The tap at the stand-in's address. It reads every stream completely; its hook for parameters carries the window of
# the state file.
TAP = """
import tap_mavenlink
from tap_mavenlink.streams import TimeEntriesStream
from tap_mavenlink.streams.base import BaseStream
BaseStream.get_url = lambda self: {url!r} + self.path
everything = TimeEntriesStream.extra_params
TimeEntriesStream.extra_params = lambda self: everything(self) | {{
    "updated_after": (self.state or {{}}).get("bookmarks", {{}}).get("time_entries", {{}}).get("last_record"),
}}
tap_mavenlink.main()
"""


def firm() -> Facts:
    """450 time entries of one person on two projects, one of which is archived; three entries changed yesterday."""
    entries = [
        TimeEntry(
            id=f"T{n}", project="P2" if n % 2 else "P1", resource="R1", hours="7.5", applied_rate="200.10", task="Design",
            work_date=date(2026, 3, 2) + timedelta(days=n % 25), note=f"Entwurf №{n}",
            submitted_at=LONG_AGO, approved_at=LONG_AGO, updated_at=YESTERDAY if n < 3 else LONG_AGO,
        )
        for n in range(ENTRIES)
    ]  # fmt: skip
    return Facts.model_validate(
        {
            "customers": [{"id": "C1", "name": "Acme"}],
            "resources": [{"id": "R1", "name": "Ana Peña", "role": "Consultant"}],
            "projects": [
                {"id": "P1", "name": "Roll-out", "customer": "C1", "manager": "R1"},
                {"id": "P2", "name": "Old", "customer": "C1", "status": "closed"},
            ],
            "assignments": [
                {"id": "A1", "project": "P1", "resource": "R1", "starts_on": "2026-03-02", "ends_on": "2026-03-13"}
            ],
            "time_entries": entries,
        }
    )


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"psa": "kantata"})) as running:
        yield running


@pytest.fixture
def tap(external_client: ExternalClient, server: SandboxServer, tmp_path: Path) -> Any:
    """Runs the tap; its exit code, its messages and its error output."""
    server.faults.clear()
    server.log.clear()
    account = server.world.vendors["kantata"]
    assert isinstance(account, System)

    def run(*arguments: str, token: str = "", **files: Any) -> tuple[int, list[dict[str, Any]], str]:
        words = list(arguments)
        for name, content in {"config": {"token": token or account.access_token}, **files}.items():
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(content))
            words += [f"--{name}", str(path)]
        done = external_client.run(TAP.format(url=f"{server.url}/kantata/api/v1"), *words)
        printed = [done.stdout] if "--discover" in arguments else done.stdout.splitlines()
        return done.returncode, [json.loads(text) for text in printed if text], done.stderr

    return run


def selected(catalog: dict[str, Any], *names: str) -> dict[str, Any]:
    """The streams called ``names``, marked as selected."""
    streams = [stream for stream in catalog["streams"] if stream["stream"] in names]
    for stream in streams:
        top = next(entry for entry in stream["metadata"] if not entry["breadcrumb"])
        top["metadata"]["selected"] = True
    return {"streams": streams}


@pytest.fixture
def catalog(tap: Any) -> dict[str, Any]:
    code, [found], _ = tap("--discover")
    assert code == 0
    return found


def test_all_streams_are_synchronised_over_several_pages(tap, catalog, server):
    code, messages, errors = tap(catalog=selected(catalog, *STREAMS))
    assert code == 0, errors
    records: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        if message["type"] == "RECORD":
            records.setdefault(message["stream"], []).append(message["record"])
    assert {message["stream"] for message in messages if message["type"] == "SCHEMA"} == set(STREAMS)
    assert {name: len(records.get(name, [])) for name in ("time_entries", "users", "workspaces")} == {
        "time_entries": ENTRIES, "users": 1, "workspaces": 2,
    }  # fmt: skip
    assert sum(path.endswith("/time_entries.json") for _, path in server.log) == 3

    entries = records["time_entries"]
    assert {entry["notes"] for entry in entries} == {f"Entwurf №{n}" for n in range(ENTRIES)}
    assert {(entry["time_in_minutes"], entry["rate_in_cents"]) for entry in entries} == {(450, 20010)}
    assert {entry["workspace_id"] for entry in entries} == {project["id"] for project in records["workspaces"]}
    assert {entry["story_id"] for entry in entries} <= {task["id"] for task in records["stories"]}


def test_a_state_file_narrows_the_window(tap, catalog):
    moment = f"{YESTERDAY - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    state = {"bookmarks": {"time_entries": {"field": "updated_at", "last_record": moment}}}
    code, messages, errors = tap(catalog=selected(catalog, "time_entries"), state=state)
    assert code == 0, errors
    notes = {message["record"]["notes"] for message in messages if message["type"] == "RECORD"}
    assert notes == {"Entwurf №0", "Entwurf №1", "Entwurf №2"}
    assert [message["value"] for message in messages if message["type"] == "STATE"] == [state]


def test_a_bad_token_is_refused_with_the_vendor_s_words(tap, catalog):
    code, messages, errors = tap(token="revoked", catalog=selected(catalog, "users"))
    assert code != 0
    assert not any(message["type"] == "RECORD" for message in messages)
    assert '{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}' in errors


def test_a_throttled_request_ends_the_run(tap, catalog, server):
    server.faults.append(Fault("kantata", "throttle", path="/users"))
    code, _, errors = tap(catalog=selected(catalog, "users"))
    assert code != 0
    assert "Too Many Requests" in errors
