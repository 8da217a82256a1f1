"""The gateway as a process: killed under load it loses nothing that it acknowledged; told to end it finishes its work."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import gateway_senders as senders
from tests.gateway_process import GatewayProcess, Load
from tests.gateway_senders import NEW, now

BATCH, REQUESTS = 5, 400


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path, SOURCES__EVENTS__REQUESTS_PER_SECOND="100000")
    process.start()
    yield process
    if process.process is not None and process.process.poll() is None:
        process.kill()


def stored(data_dir: Path) -> Counter[str]:
    """How often each event is in the inbox."""
    with closing(sqlite3.connect(data_dir / "events" / "inbox.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return Counter(event_id for (event_id,) in connection.execute("select event_id from event"))


def event_ids(numbers: range) -> Counter[str]:
    return Counter(f"/netsuite/TSTDRV1#inv-{n}" for n in numbers)


def test_a_gateway_killed_under_load_keeps_what_it_acknowledged(gateway: GatewayProcess, tmp_path: Path) -> None:
    load = Load(gateway.port, lambda number: senders.batch(NEW, now(), number, BATCH), REQUESTS)
    load.start()
    while len(load.acknowledged) < 40:
        time.sleep(0.01)
    gateway.kill()
    answered, kept = list(load.acknowledged), stored(tmp_path)
    # What was answered is there, once, before anybody sends again.
    assert 40 <= len(answered) < REQUESTS
    for number in answered:
        assert event_ids(range(number * BATCH, number * BATCH + BATCH)) <= kept
    assert set(kept.values()) == {1}
    # All or nothing of each request.
    assert len(kept) % BATCH == 0
    gateway.start()
    load.finish()
    assert stored(tmp_path) == event_ids(range(REQUESTS * BATCH))


def test_a_gateway_that_is_told_to_end_finishes_what_it_does(gateway: GatewayProcess, tmp_path: Path) -> None:
    load = Load(gateway.port, lambda number: senders.structured(NEW, now(), number), 100_000)
    load.start()
    while len(load.acknowledged) < 20:
        time.sleep(0.01)
    code = gateway.stop()
    load.stop()
    assert code == 0
    # It closed its inbox: nothing is left in the log that is written ahead.
    assert not (tmp_path / "events" / "inbox.db-wal").exists()
    assert len(load.acknowledged) <= len(stored(tmp_path)) <= len(load.acknowledged) + 4
    assert [secret for secret in senders.secrets_in_use() if secret in gateway.log] == []
    assert "Traceback" not in gateway.log


def test_a_gateway_that_cannot_start_says_why(tmp_path: Path, gateway: GatewayProcess) -> None:
    second = GatewayProcess(tmp_path)
    second.port = gateway.port
    code, said = second.run()
    assert code == 2
    assert said.startswith(f"leakage: events: 127.0.0.1:{gateway.port} cannot be listened on (Address already in use)")
    assert len(said.splitlines()) == 1
