"""How many events the gateway takes, how fast it answers, and that none is lost or doubled when it is killed.

    uv run python -m tests.benchmarks.events --seconds 60 [--json]

The gateway is a process of its own, the sender this one; both share the machine. Three loads, one after the other, into
one inbox, each for ``--seconds``:

* ``batches``: the batch endpoint at ``--rate`` events a second, 100 events a request;
* ``single``: 200 requests a second of one event each; the times are counted from when a request was due, whatever the
  one before it took;
* ``killed``: batches again; in the middle the gateway is killed (SIGKILL) and started again, and the sender sends again
  what was not acknowledged, as senders do.

Then the inbox is drained into raw. In both places every event has to be there once.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from tests import gateway_senders as senders
from tests.gateway_process import GatewayProcess, Load
from tests.gateway_senders import NEW, Call, now

BATCH = 100
SINGLE_PER_SECOND = 200
# Numbers of the events of each load; apart from each other, so that no load repeats another's.
FIRST = {"batches": 0, "single": 1_000_000_000, "killed": 2_000_000_000}


def measure(seconds: float, rate: int) -> dict[str, Any]:
    """The figures of one run; raises AssertionError when an event is missing or there twice."""
    with tempfile.TemporaryDirectory(prefix="leakage-events-") as folder:
        gateway = GatewayProcess(Path(folder), SOURCES__EVENTS__REQUESTS_PER_SECOND="100000")
        gateway.start()
        try:
            requests = int(seconds * rate / BATCH)
            batches = _run(gateway, _batches("batches"), requests, BATCH, rate / BATCH)
            single = _run(gateway, _single, int(seconds * SINGLE_PER_SECOND), 1, SINGLE_PER_SECOND)
            killed = _killed(gateway, _batches("killed"), requests, rate / BATCH)
            gateway.stop()
        finally:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.kill()
        expected = _ids("batches", requests * BATCH) + _ids("single", int(seconds * SINGLE_PER_SECOND))
        expected += _ids("killed", requests * BATCH)
        in_inbox = _counted(Path(folder))
        drained, took = _drain(folder)
        in_raw = _in_raw(Path(folder))
    assert in_inbox == expected, "the inbox does not hold every acknowledged event once"
    assert in_raw == expected, "raw does not hold every acknowledged event once"
    return {
        "seconds": seconds,
        "batches": batches,
        "single": single,
        "killed": killed,
        "events": len(expected),
        "once_in_inbox": sum(count == 1 for count in in_inbox.values()),
        "once_in_raw": sum(count == 1 for count in in_raw.values()),
        "drained_per_second": round(drained / took),
    }


def _batches(load: str) -> Callable[[int], Call]:
    return lambda number: senders.batch(NEW, now(), FIRST[load] // BATCH + number, BATCH)


def _single(number: int) -> Call:
    return senders.structured(NEW, now(), FIRST["single"] + number)


def _ids(load: str, count: int) -> Counter[str]:
    return Counter(f"/netsuite/TSTDRV1#inv-{FIRST[load] + n}" for n in range(count))


def _run(
    gateway: GatewayProcess, call: Callable[[int], Call], count: int, events: int, rate: float
) -> dict[str, float]:
    """Post ``count`` requests of so many ``events`` at ``rate`` requests a second."""
    assert gateway.process is not None
    process = psutil.Process(gateway.process.pid)
    before = process.cpu_times()
    load = Load(gateway.port, call, count, threads=8, rate=rate)
    load.start()
    took = load.finish()
    after = process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return {
        "events_per_second": round(count * events / took, 1),
        "p50_ms": round(quantile(load.seconds, 0.5) * 1000, 1),
        "p99_ms": round(quantile(load.seconds, 0.99) * 1000, 1),
        "gateway_cpu_ms_per_1000_events": round(1e6 * cpu / (count * events), 1),
        "peak_mb": round(process.memory_info().rss / 1e6, 1),
    }


def _killed(gateway: GatewayProcess, call: Callable[[int], Call], count: int, rate: float) -> dict[str, float]:
    load = Load(gateway.port, call, count, threads=8, rate=rate)
    load.start()
    while len(load.acknowledged) < count / 2:
        time.sleep(0.01)
    gateway.kill()
    acknowledged = len(load.acknowledged)
    gateway.start()
    took = load.finish()
    return {"acknowledged_before": acknowledged * BATCH, "events_per_second": round(count * BATCH / took, 1)}


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _counted(data_dir: Path) -> Counter[str]:
    with closing(sqlite3.connect(data_dir / "events" / "inbox.db")) as connection:
        return Counter(event_id for (event_id,) in connection.execute("select event_id from event"))


def _drain(data_dir: str) -> tuple[int, float]:
    os.environ["LEAKAGE_DATA_DIR"] = data_dir
    from ingestion.sources.events import drain

    began = time.perf_counter()
    return drain(), time.perf_counter() - began


def _in_raw(data_dir: Path) -> Counter[str]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return Counter(
            event_id for (event_id,) in connection.execute("select event_id from raw_events.event").fetchall()
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long each load lasts (default: 60)")
    parser.add_argument("--rate", type=int, default=1_000, help="events a second in batches (default: 1000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    result = measure(options.seconds, options.rate)
    if options.json:
        print(json.dumps(result))
        return
    table = Table(title=f"{options.seconds:g} seconds of each load")
    for heading in ("load", "events/s", "p50 ms", "p99 ms", "gateway CPU ms per 1,000", "MB"):
        table.add_column(heading, justify="left" if heading == "load" else "right")
    for name in ("batches", "single"):
        table.add_row(name, *(f"{value:,}" for value in result[name].values()))
    console = Console()
    console.print(table)
    killed = result["killed"]
    console.print(
        f"killed after {killed['acknowledged_before']:,} acknowledged events of the third load; of {result['events']:,} "
        f"events, {result['once_in_inbox']:,} are in the inbox once and {result['once_in_raw']:,} in raw once; "
        f"drained {result['drained_per_second']:,} a second"
    )


if __name__ == "__main__":
    main()
