"""A firm read again, the life of its findings over two days, and the first of them built again from the log of changes.

One firm is built as of a day and once more, some findings are decided upon, others are repaired, and the firm moves on;
the tests use what that left behind.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from ingestion.config import ConfigurationError
from ingestion.sandbox.facts import BilledItem, Facts, Invoice, InvoiceLine
from ingestion.sandbox.world import World
from orchestration import decisions
from orchestration.cli import app
from orchestration.defs.publishing import month_close
from orchestration.replay import replay
from orchestration.scenario_check import fact_index
from tests.e2e.conftest import BuiltFirm, end_of
from tests.unit.test_month_close import check, close

Row = dict[str, Any]
CLOSED = "close-2026-04"


def read(database: Path, sql: str) -> list[Row]:
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


@dataclass
class Day:
    """What a run left behind: its business date, when it had ended, its register, its log, and the rows of raw by table."""

    as_of: date
    done_at: datetime
    register: list[Row]
    events: list[Row]
    raw: dict[str, int]


@dataclass
class History:
    """A warehouse that was built twice as of one day, and once as of the next."""

    data_dir: Path
    days: list[Day] = field(default_factory=list)
    decided: dict[str, Row] = field(default_factory=dict)
    repaired: dict[str, Decimal] = field(default_factory=dict)
    # Ids of the facts that the repair is about.
    touched: set[str] = field(default_factory=set)

    @property
    def warehouse(self) -> Path:
        return self.data_dir / "warehouse.duckdb"

    def query(self, sql: str) -> list[Row]:
        return read(self.warehouse, sql)

    def keep(self, firm: BuiltFirm) -> None:
        """Remember what a run of ``firm`` left."""
        register = self.query("select * from marts.leakage__findings order by finding_id")
        events = self.query("select * from marts.leakage__finding_events order by finding_id, event_number")
        self.days.append(Day(firm.as_of, datetime.now(UTC), register, events, firm.raw_rows()))


@pytest.fixture(scope="module")
def history(own_firm: BuiltFirm) -> History:
    """Two findings are decided upon after the first day; by the second, two others have been repaired."""
    past = History(own_firm.data_dir)
    past.keep(own_firm)
    own_firm.build()
    past.keep(own_firm)
    counted = [row["finding_id"] for row in past.days[0].register if row["is_counted"]]
    assert len(counted) > 2
    past.decided[counted[0]] = decisions.decide(counted[0], "rejected", "agreed with the customer", "jane")
    past.decided[counted[1]] = decisions.decide(counted[1][:12], "accepted", None, "joe")
    tomorrow = own_firm.as_of + timedelta(days=1)
    past.repaired, past.touched, facts = repaired(
        past, own_firm.world, own_firm.firm.facts_at(end_of(tomorrow)), posted_on=tomorrow
    )
    own_firm.advance(facts)
    own_firm.build()
    past.keep(own_firm)
    return past


def repaired(
    history: History, world: World, facts: Facts, posted_on: date
) -> tuple[dict[str, Decimal], set[str], Facts]:
    """Facts with an invoice that bills one unbilled time entry in full and one for half of another; what they bill of
    which finding, and the ids of the facts concerned."""
    index = fact_index(world)
    unbilled = [
        row
        for row in history.days[0].register
        if row["detector_id"] == "L01" and row["verdict"] == "at_risk" and row["finding_id"] not in history.decided
    ][:2]
    entries = {entry.id: entry for entry in facts.time_entries}
    billed: dict[str, Decimal] = {}
    touched: set[str] = set()
    invoices = []
    for row, share in zip(unbilled, (1, 2), strict=True):
        entry = entries[index["time_entry", row["subject_system"], row["subject_source_id"]]]
        project = next(p for p in facts.projects if p.id == entry.project)
        like = next(i for i in facts.invoices if any(x.contract_line == project.contract_line for x in i.lines))
        quantity = (entry.billable_hours or entry.hours) / share
        amount = (row["amount"] / share).quantize(Decimal("0.01"))
        item = BilledItem(item=entry.id, quantity=quantity, amount=amount)
        line = InvoiceLine(
            contract_line=project.contract_line, project=project.id, quantity=quantity, amount=amount, items=[item]
        )
        invoices.append(
            Invoice(
                id=f"repair-{share}",
                customer=like.customer,
                legal_entity=like.legal_entity,
                currency=like.currency,
                issued_on=posted_on,
                lines=[line],
            )
        )
        billed[row["finding_id"]] = amount
        touched |= {entry.id, invoices[-1].id}
    return billed, touched, facts.model_copy(update={"invoices": [*facts.invoices, *invoices]})


def test_a_second_run_changes_nothing(history: History) -> None:
    first, second, _ = history.days
    assert (second.raw, second.events) == (first.raw, first.events)
    assert second.register == first.register


def test_a_day_later_only_what_changed_is_loaded(history: History, own_firm: BuiltFirm) -> None:
    before, after = history.days[0].raw, history.days[-1].raw
    appended = {table: rows - before.get(table, 0) for table, rows in after.items() if rows != before.get(table, 0)}
    now = own_firm.world.now
    changed = [e for e in own_firm.world.facts.time_entries if e.last_touched(now) > now - timedelta(days=1)]
    assert changed
    assert appended["raw_kantata.time_entries"] == len(changed)
    assert appended["raw_kantata.time_entries"] < before["raw_kantata.time_entries"] / 5
    own_firm.assert_key_is_found(but_for=history.touched)


def test_a_decision_is_in_the_register_of_the_next_run(history: History) -> None:
    before, _, after = ({row["finding_id"]: row for row in day.register} for day in history.days)
    for finding_id, recorded in history.decided.items():
        assert before[finding_id]["status"] == "open" and before[finding_id]["is_counted"]
        found = after[finding_id]
        assert (found["status"], found["decided_by"]) == (recorded["decision"], recorded["decided_by"])
        assert found["verdict"] == before[finding_id]["verdict"]
        assert found["is_counted"] == (recorded["decision"] == "accepted")


def test_the_log_adds_up_to_the_register(history: History) -> None:
    """Every event leaves what the one before it left, plus its own money; the last ones are the register of the day."""
    events = history.query("select * from marts.leakage__finding_events order by finding_id, event_number")
    kinds = {event["event_type"] for event in events}
    assert {"opened", "recovered", "accepted", "rejected"} <= kinds
    left: dict[str, Decimal] = {}
    latest: dict[str, Row] = {}
    for event in events:
        key, kind = event["finding_id"], event["event_type"]
        assert event["event_number"] == (latest[key]["event_number"] + 1 if key in latest else 1)
        latest[key] = event
        if kind not in ("accepted", "rejected"):
            money = event["amount"] or Decimal(0)
            left[key] = left.get(key, Decimal(0)) + (-money if kind == "recovered" else money)
            assert event["open_amount"] in (None, left[key]), event
    still_open = {key: event["open_amount"] for key, event in latest.items() if event["is_open"]}
    assert still_open == {row["finding_id"]: row["amount"] for row in history.days[-1].register}
    first_seen = {e["finding_id"]: e["recorded_at"] for e in events if e["event_type"] == "opened"}
    assert {r["finding_id"]: r["first_seen_at"] for r in history.days[-1].register}.items() <= first_seen.items()


def test_what_is_recovered_was_billed_after_it_was_found(history: History) -> None:
    recovered = history.query(
        """
        select state.finding_id, state.found_amount, state.recovered_amount, state.corrected_amount, state.open_amount,
          sum(recovery.amount) as share, min(recovery.posted_date) as first_posted, min(state.found_date) as found_date,
          max(item.billed_amount) as billed_amount, max(state.status) as status
        from marts.leakage__finding_states as state
        inner join marts.leakage__recoveries as recovery on state.finding_id = recovery.finding_id
        left join ledger.ledger__items as item on state.subject_id = item.item_id
        group by all order by all
        """
    )
    assert recovered
    for row in recovered:
        assert row["share"] == row["recovered_amount"] > 0
        assert row["first_posted"] >= row["found_date"]
        assert row["billed_amount"] is None or row["recovered_amount"] <= row["billed_amount"]
        assert row["found_amount"] == row["recovered_amount"] + row["corrected_amount"] + row["open_amount"]
    assert {row["finding_id"]: row["recovered_amount"] for row in recovered}.items() >= history.repaired.items()
    in_full, in_part = history.repaired
    states = {row["finding_id"]: row["status"] for row in recovered}
    assert (states[in_full], states[in_part]) == ("recovered", "open")
    ledger = history.query(
        "select currency, sum(invoiced_amount) as invoiced, sum(found_recovered_amount) as recovered"
        " from marts.finance__recovery group by currency order by currency"
    )
    assert all(row["invoiced"] <= row["recovered"] for row in ledger) and any(row["invoiced"] > 0 for row in ledger)


def test_the_close_of_a_month_is_the_register_of_its_last_day_row_for_row(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay, started as a close: it knows nothing of the later day, no decision, no repair, no event."""
    day = history.days[0]

    class Then(datetime):
        """The clock when the first day had been built."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return day.done_at

    # The firm's first day is one before its month's last, and was over when it was closed.
    monkeypatch.setattr(month_close, "last_day", lambda month: day.as_of)
    monkeypatch.setattr(month_close, "datetime", Then)
    before = hashlib.sha256(history.warehouse.read_bytes()).hexdigest()
    with dg.DagsterInstance.ephemeral() as instance:
        check(instance, reconciles=True)
        closed = close(instance, "2026-04-01")
        assert closed.success
        (built,) = closed.asset_materializations_for_node(closed.job_def.graph.nodes[0].name)
    database = Path(str(built.metadata["database"].value))
    assert database.parent.name == CLOSED
    again = read(database, "select * from marts.leakage__findings order by finding_id")
    assert again == day.register
    assert hashlib.sha256(history.warehouse.read_bytes()).hexdigest() == before, "a replay never writes the warehouse"
    known = read(database, "select max(recorded_at) as at, max(as_of_date) as as_of from marts.leakage__finding_events")
    assert known[0]["at"] <= day.done_at.replace(tzinfo=None) and known[0]["as_of"] == day.as_of
    feeds = read(database, "select max(extracted_at) as at from canonical.feed_status")
    assert feeds[0]["at"] <= day.done_at.replace(tzinfo=None)
    assert sorted(p.name for p in (history.data_dir / "replays").iterdir() if p.name.startswith(".")) == []


def test_a_replay_is_read_by_name(history: History) -> None:
    """Stands on the close of the test before."""
    listed = CliRunner().invoke(app, ["findings", "--replay", CLOSED, "--json"])
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.stdout)
    assert {f["finding_id"] for f in found} == {row["finding_id"] for row in history.days[0].register}
    explained = CliRunner().invoke(app, ["explain", found[0]["finding_id"], "--replay", CLOSED, "--json"])
    assert explained.exit_code == 0 and json.loads(explained.stdout)["chain"], explained.output


def test_a_day_before_the_first_load_cannot_be_replayed(history: History) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing had been loaded by .*; give a later --known-at"):
        replay(history.days[0].as_of, datetime(2026, 1, 1, tzinfo=UTC))
    assert not (history.data_dir / "replays" / history.days[0].as_of.isoformat()).exists()


def test_why_a_billed_item_is_no_leak(history: History) -> None:
    item = history.query(
        "select item_id, source_id, source_system from ledger.ledger__items"
        " where verdict = 'billed' and item_type = 'time_entry' order by item_id limit 1"
    )[0]
    record = f"time_entry:{item['source_system']}:{item['source_id']}"
    for name in (item["item_id"], record):
        output = CliRunner().invoke(app, ["explain", name, "--json"])
        assert output.exit_code == 0, output.output
        said = json.loads(output.stdout)
        assert (said["item_id"], said["verdict"], said["gate"]) == (item["item_id"], "billed", "billed")
        assert said["findings"] == [] and Decimal(said["open_amount"]) == 0
        assert said["chain"][-1]["step"] == "invoice line" and said["chain"][-1]["record_id"]
