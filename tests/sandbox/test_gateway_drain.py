"""From the inbox to raw: every event once, whatever dies in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from dlt.load.load import Load
from filelock import FileLock

from ingestion import pipelines
from ingestion.http.errors import SourceError, TransientError
from ingestion.sources.events import drain
from ingestion.sources.events.inbox import Inbox, Received
from ingestion.sources.events.schema import OBJECTS
from ingestion.sources.events.settings import configured_inbox
from ingestion.sources.events.sqlite_inbox import SqliteInbox
from ingestion.versions import Held, known_versions
from ingestion.warehouse import exclusive
from tests.sandbox.test_gateway_inbox import received

ROWS = "select source, event_id, count(*) from raw_events.event group by all order by all"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SOURCES__EVENTS__INBOX_URL", raising=False)
    return tmp_path


@pytest.fixture
def inbox(data_dir: Path) -> Iterator[Inbox]:
    with closing(configured_inbox()) as found:
        yield found


def recent(number: int, **changes: Any) -> Received:
    """An event as a gateway would store it now."""
    return replace(received(number), received_at=datetime.now(UTC), **changes)


def raw(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()


def once(*numbers: int) -> list[tuple[str, str, int]]:
    return [("erp", f"e{number:05}", 1) for number in numbers]


def test_an_event_in_raw_says_everything(inbox: Inbox, data_dir: Path) -> None:
    text = replace(received(1), payload='{"name": "Größe 東京", "total": 1.10}'.encode(), headers='{"webhook-id": "m"}')
    large = replace(received(2), payload=json.dumps({"x": "y" * 900_000}).encode())
    binary = replace(received(3), payload=b"\xff\x00\x01", occurred_at=None, type=None, quarantine_reason="why")
    inbox.append([text, large, binary])
    assert drain() == 3
    columns = (
        "source, event_id, type, subject, occurred_at, received_at, correlation_id, scheme, key_id, content_type, "
        "headers, payload, payload_encoding, quarantine_reason"
    )
    rows = raw(data_dir, f"select {columns} from raw_events.event order by event_id")
    at = [text.occurred_at, text.received_at]
    assert rows[0] == (
        *("erp", "e00001", "invoice.edit", None, *at, text.correlation_id, "standard-webhooks", "k"),
        *("application/json", '{"webhook-id": "m"}', text.payload.decode(), "utf-8", None),
    )
    assert rows[1][11] == large.payload.decode()
    assert (rows[2][2], rows[2][4], *rows[2][11:]) == (None, None, "/wAB", "base64", "why")
    proof = "select payload_sha256 = sha256(payload), _extra from raw_events.event where event_id = 'e00001'"
    assert raw(data_dir, proof) == [(True, None)]
    assert raw(data_dir, "select count(*) from raw_events.quarantine") == [(0,)]


def test_each_drain_takes_what_is_new(inbox: Inbox, data_dir: Path) -> None:
    assert drain() == 0
    # A build before the first event finds the table, typed and empty.
    with exclusive(data_dir / "warehouse.duckdb"):
        pipelines.prepare(["events"])
    assert raw(data_dir, ROWS) == []
    inbox.append([recent(n) for n in range(3)])
    assert drain() == 3
    assert drain() == 0
    inbox.append([recent(n) for n in range(2, 5)])
    assert drain() == 2
    assert raw(data_dir, ROWS) == once(*range(5))
    assert inbox.backlog().events == 0


def test_more_than_one_load_takes(inbox: Inbox, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.sources.events.draining.MAX_EVENTS", 4)
    monkeypatch.setattr(SqliteInbox.claim, "__defaults__", (2, 1 << 20))
    inbox.append([recent(n) for n in range(9)])
    assert drain() == 9
    assert raw(data_dir, ROWS) == once(*range(9))


def test_a_backlog_is_compared_with_the_load_before_it_and_not_with_all_of_raw(
    inbox: Inbox, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.sources.events.draining.MAX_EVENTS", 4)
    monkeypatch.setattr(SqliteInbox.claim, "__defaults__", (2, 1 << 20))
    remembered: list[int] = []

    def counted(*arguments: Any) -> dict[Any, Held]:
        known = known_versions(*arguments)
        remembered.append(len(known))
        return known

    monkeypatch.setattr("ingestion.raw.known_versions", counted)
    began = datetime.now(UTC) - timedelta(hours=5)
    inbox.append([replace(received(n), received_at=began + timedelta(minutes=10 * n)) for n in range(12)])
    assert drain() == 12
    assert raw(data_dir, ROWS) == once(*range(12))
    assert remembered == [0, 4, 4]


def test_a_load_takes_no_more_bytes_than_it_may(inbox: Inbox, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.sources.events.draining.MAX_BYTES", 3_000)
    monkeypatch.setattr(SqliteInbox.claim, "__defaults__", (1, 1 << 20))
    inbox.append([recent(n, payload=b'"' + b"x" * 2_000 + b'"') for n in range(3)])
    assert drain() == 3
    loads = "select count(*) from raw_events.event group by _dlt_load_id order by 1"
    assert raw(data_dir, loads) == [(1,), (2,)]


def test_what_could_not_be_loaded_is_not_acknowledged(inbox: Inbox, data_dir: Path) -> None:
    inbox.append([recent(1)])
    with mock.patch.object(Load, "run", side_effect=RuntimeError("broken")), pytest.raises(SourceError):
        drain()
    assert inbox.backlog().events == 1
    assert drain() == 1
    assert raw(data_dir, ROWS) == once(1)


def test_one_drain_at_a_time(data_dir: Path) -> None:
    (data_dir / "events").mkdir()
    with FileLock(data_dir / "events" / "drain.lock"), pytest.raises(TransientError, match="being drained already"):
        drain()


def test_an_inbox_that_cannot_be_read_is_one_sentence(data_dir: Path) -> None:
    (data_dir / "events").mkdir()
    (data_dir / "events" / "inbox.db").write_bytes(b"not a database " * 100)
    with pytest.raises(TransientError, match="^events: event inbox .*inbox.db: it cannot be used"):
        drain()


def test_late_and_repeated_events_are_in_raw_once_even_when_the_inbox_forgot_them(inbox: Inbox, data_dir: Path) -> None:
    old = replace(received(1), received_at=datetime.now(UTC) - timedelta(days=200))
    inbox.append([old, recent(2)])
    assert drain() == 2
    # The drain forgot the old one, so that a replayed inbox brings it again.
    assert inbox.append([old]) == 1
    assert drain() == 1
    assert raw(data_dir, ROWS) == once(1, 2)


def test_the_order_in_which_events_come_and_how_often_makes_no_difference(inbox: Inbox, data_dir: Path) -> None:
    # What happened to one record, the latest last; each sender tells it in another order, everything twice.
    steps = [recent(n, occurred_at=datetime(2026, 4, 1 + n, tzinfo=UTC)) for n in range(3)]
    told = {str(order): [steps[n] for n in (*order, *order)] for order in permutations(range(3))}
    for part in (slice(0, 2), slice(2, None)):
        for sender, events in told.items():
            for event in events[part]:
                inbox.append([replace(event, source=sender)])
        drain()
    columns = [column for column in OBJECTS["event"].columns if column not in ("source", "received_at")]
    rows = raw(data_dir, f"select source, {', '.join(columns)} from raw_events.event order by source, event_id")
    seen = {sender: [row[1:] for row in rows if row[0] == sender] for sender in told}
    assert [len(found) for found in seen.values()] == [len(steps)] * len(told)
    assert len({tuple(found) for found in seen.values()}) == 1


def test_a_drain_holds_a_page_of_events_at_a_time(
    inbox: Inbox, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteInbox.claim, "__defaults__", (500, 200_000))
    monkeypatch.setattr("ingestion.sources.events.draining.MAX_EVENTS", 500)
    monkeypatch.setattr("ingestion.raw.BATCH_ROWS", 100)

    def largest(events: int) -> int:
        """Bytes that Python held at most while so many events of 2 kB were drained."""
        first = len(numbers)
        numbers.extend(range(first, first + events))
        inbox.append([recent(n, payload=b'"' + b"x" * 2_000 + b'"') for n in numbers[first:]])
        tracemalloc.reset_peak()
        held = tracemalloc.get_traced_memory()[0]
        assert drain() == events
        return tracemalloc.get_traced_memory()[1] - held

    numbers: list[int] = []
    tracemalloc.start()
    try:
        largest(50)
        usual, spike = largest(50), largest(1_000)
    finally:
        tracemalloc.stop()
    assert spike < usual + 1_000_000, "20 times the events are 2 MB"
    assert len(raw(data_dir, ROWS)) == len(numbers)


DYING_DRAIN = """
import os, signal, sys
from unittest import mock
from dlt.load.load import Load
from ingestion.sources.events import drain
from ingestion.sources.events.sqlite_inbox import SqliteInbox

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

kind, name = sys.argv[1].split(".")
mock.patch.object({"Load": Load, "SqliteInbox": SqliteInbox}[kind], name, die).start()
drain()
"""


@pytest.mark.parametrize("point", ["SqliteInbox.ack", "Load.run"])
def test_a_drain_that_is_killed_loses_and_doubles_nothing(point: str, inbox: Inbox, data_dir: Path) -> None:
    inbox.append([recent(n) for n in range(5)])
    died = subprocess.run([sys.executable, "-c", DYING_DRAIN, point], env=dict(os.environ), check=False)
    assert died.returncode == -signal.SIGKILL
    inbox.append([recent(n) for n in range(3, 8)])
    assert drain() == 8
    assert raw(data_dir, ROWS) == once(*range(8))
    assert raw(data_dir, "select count(*) from raw_events.event where _dlt_load_id not in "
                         "(select load_id from raw_events._dlt_loads where status = 0)") == [(0,)]  # fmt: skip
    assert inbox.backlog().events == 0
