"""A month-end spike: many days' events at once, taken as fast as they are accepted, drained into raw, and their systems read.

    uv run python -m tests.benchmarks.spike [--times 1 20] [--json]

A day's volume is what changed in the demo firm on its next working day: one event per record. It is sent ``--times`` that
often through the gateway, one event a request; the PSA and the ERP then show as many working days of changes, as far as
the firm is simulated. Gateway, drain and loads are processes of their own, whose largest memory is measured: it must not
grow with the number of events.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ingestion.sandbox.facts import Fact, Facts
from ingestion.sandbox.firm import AFTERMATH_DAYS, Firm
from tests import gateway_senders as senders
from tests.e2e.conftest import end_of, served
from tests.gateway_process import GatewayProcess, Load
from tests.gateway_senders import NEW, Call, now

SYSTEMS = ("kantata", "netsuite")
WORKING_DAYS, WEEK = 5, 7


def measure(times: int, staff: int, months: int) -> dict[str, Any]:
    """The figures of one spike; raises AssertionError when an event or a change is missing or there twice."""
    firm = _firm(staff, months)
    later = firm.ends_on + timedelta(days=min(times * WEEK // WORKING_DAYS, AFTERMATH_DAYS))
    day = changed(firm.facts_at(end_of(firm.ends_on + timedelta(days=1))), end_of(firm.ends_on))
    with tempfile.TemporaryDirectory(prefix="leakage-spike-") as folder, served(Path(folder), firm) as built:
        for system in SYSTEMS:
            _process(system)
        before = built.raw_rows()
        built.world.replace_facts(firm.facts_at(end_of(later)), end_of(later))
        expected = changed(built.world.facts, end_of(firm.ends_on))
        sent = len(day) * times
        found: dict[str, Any] = {"times": times, "events": sent, "changed_records": len(expected)}
        gateway = GatewayProcess(Path(folder), SOURCES__EVENTS__REQUESTS_PER_SECOND="100000")
        gateway.start()
        try:
            load = Load(gateway.port, lambda number: event(day[number % len(day)], number), sent)
            load.start()
            found["accept_seconds"] = round(load.finish(), 1)
            assert gateway.process is not None
            found["gateway_mb"] = _largest(gateway.process.pid)
        finally:
            gateway.stop()
        assert _in_inbox(built.data_dir) == sent, "an acknowledged event is missing"
        found["drain_seconds"], found["drain_mb"] = _process("events")
        assert built.query("select count(*), count(distinct event_id) from raw_events.event") == [(sent, sent)]
        for system in SYSTEMS:
            found[f"{system}_seconds"], found[f"{system}_mb"] = _process(system)
        entries = sum(kind == "time_entries" for kind, _ in expected)
        assert built.raw_rows()["raw_kantata.time_entries"] - before["raw_kantata.time_entries"] == entries
    return found


@cache
def _firm(staff: int, months: int) -> Firm:
    return Firm(seed=7, staff=staff, months=months, ends_on=date(2026, 4, 30))


def changed(facts: Facts, since: datetime) -> list[tuple[str, str]]:
    """Kind and id of every record that was touched after ``since``."""
    kinds = ((kind, getattr(facts, kind)) for kind in Facts.model_fields)
    far = datetime.max.replace(tzinfo=UTC)
    return [(k, f.id) for k, found in kinds for f in found if isinstance(f, Fact) and f.last_touched(far) > since]


def event(record: tuple[str, str], number: int) -> Call:
    """What middleware sends of a change of a record."""
    about = senders.cloud_event(number, id=f"change-{number}", subject="/".join(record))
    return senders.signed(
        "netsuite", NEW, now(), f"msg_{number}", json.dumps(about).encode(), "application/cloudevents+json"
    )


def _process(system: str) -> tuple[float, float]:
    """Load a system in a process of its own; its seconds and its largest memory in MB."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", f"ingestion.sources.{system}"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"the load of {system} ended with {child.returncode}"
    return round(time.perf_counter() - began, 1), round(used.ru_maxrss / 1024, 1)


def _largest(process: int) -> float:
    """The largest memory that a running process has had, in MB."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024, 1)


def _in_inbox(data_dir: Path) -> int:
    with closing(sqlite3.connect(data_dir / "events" / "inbox.db")) as connection:
        (count,) = connection.execute("select count(*) from event").fetchone()
        return int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 20], help="days' volumes at once (default: 1 20)")
    parser.add_argument("--staff", type=int, default=60, help="people in the firm (default: the demo's 60)")
    parser.add_argument("--months", type=int, default=6, help="months of history (default: the demo's 6)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of a table")
    options = parser.parse_args()
    results = [measure(times, options.staff, options.months) for times in options.times]
    if options.json:
        for result in results:
            print(json.dumps(result))
        return
    table = Table(title="Month-end spike")
    for heading in ("", *(f"{result['times']} x a day" for result in results)):
        table.add_column(heading, justify="right" if heading else "left")
    for name in results[0]:
        table.add_row(name.replace("_", " "), *(f"{result[name]:,}" for result in results))
    Console().print(table)


if __name__ == "__main__":
    main()
