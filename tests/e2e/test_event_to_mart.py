"""From an event to the marts, in the order of this file: an approval at the vendor, its event at the gateway, and everything
that follows by itself; then the same events again, late and in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from ingestion.sandbox.facts import TimeEntry
from ingestion.sources.events.gateway import Limits
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import event_settings
from orchestration.definitions import build_definitions
from orchestration.environment import environment
from tests.approval import PSA, SENDING, approve, published, state, told, unapproved
from tests.daemon import Daemon, built_before
from tests.e2e.conftest import BuiltFirm
from tests.gateway_server import Running


@pytest.fixture(scope="module")
def daemon(own_firm: BuiltFirm) -> Iterator[Daemon]:
    definitions = build_definitions()
    with dg.DagsterInstance.ephemeral() as instance:
        built_before(definitions, instance)
        yield Daemon(definitions, instance)


@pytest.fixture(scope="module")
def gateway(own_firm: BuiltFirm) -> Iterator[Running]:
    """The gateway, with one sender that passes on what happens in the PSA."""
    with environment(SENDING):
        receivers = configured_receivers(event_settings())
    with Running(own_firm.data_dir, Limits(), receivers) as running:
        yield running


@pytest.fixture(scope="module")
def entry(own_firm: BuiltFirm) -> TimeEntry:
    return unapproved(own_firm)


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
    assert made.isdisjoint({"stg_kantata__workspaces", "stg_netsuite__transactions", "invoice", "ledger__fx_daily"})


def test_the_same_events_again_and_late_change_nothing(
    own_firm: BuiltFirm, daemon: Daemon, gateway: Running, entry: TimeEntry
) -> None:
    raw, seen, register = own_firm.raw_rows(), entries_in_raw(own_firm), published(own_firm)
    for number, step in enumerate(("approved", "approved", "submitted")):
        assert gateway.post(told(entry, step, f"again_{number}")).status_code == 202
    assert daemon.settle() == [], "what is known starts nothing"
    # What happened long before, and is told only now, has an id of its own.
    assert gateway.post(told(entry, "created", "late")).status_code == 202
    assert [run.dagster_run.job_name for run in daemon.settle()] == ["load_events", f"load_{PSA}"]
    grown = {table: rows - raw[table] for table, rows in own_firm.raw_rows().items() if rows != raw[table]}
    assert grown == {"raw_events.event": 1}
    assert entries_in_raw(own_firm) == seen
    assert published(own_firm) == register


def entries_in_raw(firm: BuiltFirm) -> list[tuple[object, ...]]:
    """The PSA's time entries as staging shows them from raw."""
    return firm.query("select * from staging.stg_kantata__time_entries order by time_entry_id")
