"""One approval in a built firm: at the vendor, as an event, and as who reads the register sees it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import duckdb

from ingestion.sandbox.facts import TimeEntry
from tests import gateway_senders as senders
from tests.e2e.conftest import BuiltFirm
from tests.gateway_senders import NEW, Call, now

PSA = "kantata"
# The gateway's settings: one sender, which passes on what happens in the PSA.
SENDING = {"SOURCES__EVENTS__SENDERS": json.dumps({PSA: [senders.webhook_secret(NEW)]})}


def unapproved(firm: BuiltFirm) -> TimeEntry:
    """Time that leaks because nobody has approved it; a timesheet of one entry, as sheets are approved whole."""
    found = firm.query(
        "select source_id from ledger.ledger__items where category = 'unapproved_time' order by source_id"
    )
    leaking = {source_id for (source_id,) in found}
    entries = firm.world.facts.time_entries
    sheets = [_sheet(entry) for entry in entries if entry.status == "submitted"]
    return next(
        entry
        for entry in entries
        if firm.world.record_id("psa", "time_entries", entry.id) in leaking and sheets.count(_sheet(entry)) == 1
    )


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
    with duckdb.connect(_snapshot(firm), read_only=True) as connection:
        (found,) = connection.execute(
            "select status, verdict, category from ledger.ledger__items where source_id = ?", [record_id]
        ).fetchall()
    return found


def published(firm: BuiltFirm) -> dict[str, Any]:
    """A checksum of each table that readers see, and which run published it."""
    with duckdb.connect(_snapshot(firm), read_only=True) as connection:
        return checksums(connection) | {"run": connection.execute("select run_id from main.published_run").fetchone()}


def checksums(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What each table of the published layers holds, whatever the order of its rows."""
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('canonical', 'ledger', 'marts')"
    ).fetchall()
    return {t: connection.execute(f"select bit_xor(hash(t)), count(*) from {t} as t").fetchone() for (t,) in tables}


def _snapshot(firm: BuiltFirm) -> str:
    return str(firm.data_dir / "published" / "leakage.duckdb")


def _sheet(entry: TimeEntry) -> tuple[Any, ...]:
    return (
        entry.project,
        entry.resource,
        entry.work_date - timedelta(days=entry.work_date.weekday()),
        entry.submitted_at,
    )
