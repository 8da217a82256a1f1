"""Raw made again from the archive alone: equal to what the systems had led to, and without a secret on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion.archive.blobs import Blobs
from ingestion.archive.chain import Chain
from ingestion.archive.history import loads
from ingestion.archive.store import LocalStore
from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.sources.events import drain
from ingestion.sources.events.settings import configured_inbox
from orchestration.cli import app
from orchestration.environment import environment
from orchestration.prune import prune
from orchestration.rebuild import RebuildError, Rebuilt, rebuild
from tests.sandbox.running import LATER, Running, each, running, small_firm, touched
from tests.sandbox.test_gateway_inbox import received


def spoilt(record: dict[str, Any]) -> dict[str, Any]:
    """Some invoices have lost their lines, and some break their declaration."""
    if str(record["id"]).endswith("7"):
        return record | {"invoice-lines": []}
    return record | {"updated-at": "soon"} if str(record["id"]).endswith("3") else record


@pytest.fixture(
    scope="module", params=each([*parse_systems(DEFAULT_SYSTEMS).values(), "files"], ("salesforce", "files"))
)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system that was loaded."""
    data_dir = tmp_path_factory.mktemp(request.param)
    with running(request.param, data_dir) as system, environment({"LEAKAGE_DATA_DIR": str(data_dir)}):
        system.load()
        yield system


def made_again(system: str) -> Rebuilt:
    """Raw of ``system`` from the archive; the answer may not come from the system."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("requests.Session.send", lambda *args, **kwargs: pytest.fail("a replay asked the system"))
        return rebuild(system)


def test_raw_is_made_again_byte_for_byte(loaded: Running) -> None:
    again = made_again(loaded.system)
    assert [table.name for table in again.tables if not table.is_equal] == []
    assert {table.name for table in again.tables} == {*loaded.declared, "feed", "quarantine"}
    assert sum(table.rows for table in again.tables) > 100


def test_no_secret_gets_into_the_archive(loaded: Running) -> None:
    store = LocalStore(loaded.data_dir / "archive")
    entries = list(Chain(store, loaded.system).entries())
    blobs = Blobs(store, loaded.system)
    kept = [blobs.get(e["content"], e["size"]) for e in entries if e["kind"] == "answer"]
    manifest = b"".join(path.read_bytes() for path in (loaded.data_dir / "archive").rglob("*.jsonl"))
    own = {name: value for name, value in loaded.server.credentials().items() if f"__{loaded.system.upper()}__" in name}
    secrets = [v for n, v in own.items() if n.endswith(("SECRET", "PASSWORD", "TOKEN", "PRIVATE_KEY")) and len(v) > 5]
    assert secrets or loaded.system == "files"
    for secret in secrets:
        assert not any(secret.encode() in content for content in (manifest, *kept))
    assert not any(b"access_token" in content for content in kept), "no token exchange is kept"
    assert kept


def test_loads_that_stand_on_each_other_are_made_again_proven_and_pruned(tmp_path: Path) -> None:
    with running("coupa", tmp_path) as system, environment({"LEAKAGE_DATA_DIR": str(tmp_path)}):
        # Those with lines and deletions; a load of every object is made again above.
        system = replace(system, objects=("suppliers", "invoices", "invoice_lines"))
        system.load()
        system.world.replace_facts(touched(small_firm(), LATER, 30), LATER)
        system.vendor.tamper["invoices"] = spoilt
        system.load()
        assert system.rows("select sum(tombstones) > 0, sum(quarantined) > 0 from feed") == [(True, True)]
        again = made_again("coupa")
        assert again.is_equal and len(again.load_ids) == 2

        between = datetime.now(UTC)
        assert prune("coupa", between, "auditor@firm.example").loads == 2
        assert audit("verify") == (0, 0)
        assert made_again("coupa").is_equal, "what was pruned has left its tables"
        system.vendor.tamper.clear()
        system.load()
        later = rebuild("coupa", since=between, into=tmp_path / "later.duckdb")
        assert later.is_equal and len(later.load_ids) == 1
        assert made_again("coupa").is_equal
        first_load = next(iter(loads(Chain(LocalStore(tmp_path / "archive"), "coupa").entries()))).at
        with pytest.raises(RebuildError, match="were pruned by auditor@firm.example"):
            rebuild("coupa", until=first_load)

        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("update raw_coupa.invoices set _is_deleted = true")
        assert [table.name for table in made_again("coupa").tables if not table.is_equal] == ["invoices"]

        youngest = max((tmp_path / "archive").rglob("*.zst"), key=lambda path: path.stat().st_mtime_ns)
        content = bytearray(youngest.read_bytes())
        content[len(content) // 2] ^= 1
        youngest.write_bytes(content)
        entries = Chain(LocalStore(tmp_path / "archive"), "coupa").entries()
        first = next(e["number"] for e in entries if e.get("content") == youngest.stem)
        assert audit("verify") == (1, first)
        with pytest.raises(RebuildError, match="audit verify"):
            made_again("coupa")


def audit(command: str) -> tuple[int, int]:
    """Exit code of the command, and the number of the first broken entry (0: none)."""
    done = CliRunner().invoke(app, ["audit", command, "--json"])
    (verdict,) = json.loads(done.output)
    return done.exit_code, verdict["broken"] or 0


def test_events_are_made_again_without_the_inbox(tmp_path: Path) -> None:
    with environment({"LEAKAGE_DATA_DIR": str(tmp_path)}):
        for payload in (b"{}", b"\xff no text"):
            with closing(configured_inbox()) as inbox:
                inbox.append([replace(received(n, payload=payload), event_id=f"{payload!r}{n}") for n in range(3)])
            assert drain() == 3
        (tmp_path / "events" / "inbox.db").rename(tmp_path / "elsewhere.db")
        again = made_again("events")
        assert again.is_equal and len(again.load_ids) == 2
        assert {table.name: table.rows for table in again.tables} == {"event": 6, "feed": 2, "quarantine": 0}
