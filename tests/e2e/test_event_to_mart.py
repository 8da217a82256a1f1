"""From an event to the marts, in the order of this file: an approval at the vendor, its event at the gateway, and everything
that follows by itself; then the same events again, late and in the wrong order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from ingestion.sandbox.facts import TimeEntry
from ingestion.sources.events.gateway import Limits
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import event_settings
from orchestration.definitions import build_definitions
from orchestration.environment import environment
from tests import gateway_senders as senders
from tests.daemon import Daemon, built_before
from tests.e2e.conftest import BuiltFirm
from tests.gateway_senders import NEW, Call, now
from tests.gateway_server import Running

PSA = "kantata"


@pytest.fixture(scope="module")
def daemon(own_firm: BuiltFirm) -> Iterator[Daemon]:
    definitions = build_definitions()
    with dg.DagsterInstance.ephemeral() as instance:
        built_before(definitions, instance)
        yield Daemon(definitions, instance)


@pytest.fixture(scope="module")
def gateway(own_firm: BuiltFirm) -> Iterator[Running]:
    """The gateway, with one sender that passes on what happens in the PSA."""
    with environment({"SOURCES__EVENTS__SENDERS": json.dumps({PSA: [senders.webhook_secret(NEW)]})}):
        receivers = configured_receivers(event_settings())
    with Running(own_firm.data_dir, Limits(), receivers) as running:
        yield running


@pytest.fixture(scope="module")
def entry(own_firm: BuiltFirm) -> TimeEntry:
    """Time that leaks because nobody has approved it, handed in by itself."""
    (found,) = own_firm.query("select source_id from ledger.ledger__items where category = 'unapproved_time'")
    entries = own_firm.world.facts.time_entries
    return next(e for e in entries if own_firm.world.record_id("psa", "time_entries", e.id) == found[0])


def test_an_approval_is_published(own_firm: BuiltFirm, daemon: Daemon, gateway: Running, entry: TimeEntry) -> None:
    before = published(own_firm)
    assert state(own_firm, entry) == ("submitted", "at_risk", "unapproved_time")
    approve(own_firm, entry)
    # The wrong way round: that it was handed in is told after that it was approved.
    for number, step in enumerate(("approved", "submitted", "approved")):
        assert gateway.post(told(entry, step, f"msg_{number}")).status_code == 202
    drained, loaded, built = daemon.settle()
    assert [run.dagster_run.job_name for run in (drained, loaded, built)] == ["load_events", f"load_{PSA}", "build"]
    assert state(own_firm, entry) == ("approved", "at_risk", "unbilled_approved_time")
    after = published(own_firm)
    assert before["ledger.ledger__items"] != after["ledger.ledger__items"]
    assert before["marts.finance__unbilled_aging"] != after["marts.finance__unbilled_aging"], "work in progress"
    assert before["marts.leakage__findings"] != after["marts.leakage__findings"]
    assert own_firm.query("select event_type, count(*) from canonical.event_received group by all order by all") == [
        ("time_entry.approved", 1),
        ("time_entry.submitted", 1),
    ]


def test_only_what_hangs_below_was_built(daemon: Daemon, own_firm: BuiltFirm) -> None:
    made = {key.path[-1] for run in daemon.runs for key in run.dagster_run.asset_selection or ()}
    assert {"stg_kantata__time_entries", "ledger__items", "bi_snapshot", "event_received", "feed_status"} <= made
    assert made.isdisjoint({"stg_kantata__workspaces", "stg_netsuite__transactions", "invoice", "finance__dso"})


def test_the_same_events_again_and_late_change_nothing(
    own_firm: BuiltFirm, daemon: Daemon, gateway: Running, entry: TimeEntry
) -> None:
    raw, seen, register = own_firm.raw_rows(), current(own_firm), published(own_firm)
    for number, step in enumerate(("approved", "approved", "submitted")):
        assert gateway.post(told(entry, step, f"again_{number}")).status_code == 202
    assert daemon.settle() == [], "what is known starts nothing"
    # What happened long before, and is told only now, has an id of its own.
    assert gateway.post(told(entry, "created", "late")).status_code == 202
    assert [run.dagster_run.job_name for run in daemon.settle()] == ["load_events", f"load_{PSA}"]
    grown = {table: rows - raw[table] for table, rows in own_firm.raw_rows().items() if rows != raw[table]}
    assert grown == {"raw_events.event": 1}
    assert current(own_firm) == seen
    assert published(own_firm) == register


def approve(firm: BuiltFirm, entry: TimeEntry) -> None:
    """The PSA holds the entry as approved from now on; its record was touched by that, as any system notes."""
    at = firm.world.now
    approved = entry.model_copy(update={"status": "approved", "approved_at": at, "updated_at": at})
    facts = firm.world.facts
    entries = [approved if known.id == entry.id else known for known in facts.time_entries]
    firm.world.replace_facts(facts.model_copy(update={"time_entries": entries}), at)


def told(entry: TimeEntry, step: str, message_id: str) -> Call:
    """What the PSA's middleware sends of this step of the entry: the same event however often, and in whatever message."""
    about = {
        "id": f"{entry.id}/{step}",
        "source": "/psa",
        "type": f"time_entry.{step}",
        "subject": f"time_entry/{entry.id}",
    }
    body = json.dumps(senders.cloud_event(1, **about)).encode()
    return senders.signed(PSA, NEW, now(), message_id, body, "application/cloudevents+json")


def state(firm: BuiltFirm, entry: TimeEntry) -> tuple[Any, ...]:
    """How far the entry is for who reads the register: status, verdict, category."""
    record_id = firm.world.record_id("psa", "time_entries", entry.id)
    with duckdb.connect(str(snapshot(firm)), read_only=True) as connection:
        (found,) = connection.execute(
            "select status, verdict, category from ledger.ledger__items where source_id = ?", [record_id]
        ).fetchall()
    return found


def published(firm: BuiltFirm) -> dict[str, Any]:
    """A checksum of each table that readers see, and which run published it."""
    with duckdb.connect(str(snapshot(firm)), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('canonical', 'ledger', 'marts')"
        ).fetchall()
        sums = {t: connection.execute(f"select bit_xor(hash(t)), count(*) from {t} as t").fetchone() for (t,) in tables}
        return sums | {"run": connection.execute("select run_id from main.published_run").fetchone()}


def current(firm: BuiltFirm) -> list[tuple[Any, ...]]:
    """The PSA's time entries as staging shows them from raw."""
    return firm.query("select * from staging.stg_kantata__time_entries order by time_entry_id")


def snapshot(firm: BuiltFirm) -> Path:
    return firm.data_dir / "published" / "leakage.duckdb"
