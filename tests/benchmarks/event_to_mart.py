"""How long it takes from an approval event to the published marts, stage by stage.

    uv run python -m tests.benchmarks.event_to_mart [--staff 60 --months 6] [--json]

A firm of the demo's size is served, read, built and published once. Then everything runs as in production: the gateway
and Dagster (web page, daemon, code server) are processes of their own, the runs are started by the sensors. One time
entry is approved in the PSA, its event is posted, and the clock runs until readers see the entry as approved. At the end
everything is built again: what the event built must be the same, table by table.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from dagster import DagsterInstance, RunsFilter
from dagster._core.scheduler.instigation import TickStatus
from rich.console import Console
from rich.table import Table

from ingestion.sandbox.firm import Firm
from orchestration.environment import environment
from orchestration.lib.dbt_runtime import build_models
from orchestration.lib.instance import instance as project_instance
from orchestration.run import execute
from tests.approval import PSA, SENDING, approve, checksums, state, told, unapproved
from tests.daemon import EVENT_SENSORS
from tests.e2e.conftest import BuiltFirm, served
from tests.gateway_process import GatewayProcess, posted

LIMIT_SECONDS = 600
JOBS = ("load_events", f"load_{PSA}", "build")


def measure(staff: int, months: int) -> dict[str, Any]:
    """Seconds since the event was posted, by stage; ``differing`` names tables that a whole build makes otherwise."""
    with tempfile.TemporaryDirectory(prefix="leakage-flow-") as folder, environment(SENDING):
        firm = Firm(seed=7, staff=staff, months=months, ends_on=date(2026, 4, 30))
        with served(Path(folder), firm) as built, environment({"LEAKAGE_AS_OF": built.as_of.isoformat()}):
            outcome = execute()
            assert outcome.ok, outcome.failures
            gateway = GatewayProcess(Path(folder), **SENDING)
            gateway.start()
            try:
                with project_instance() as history, _dagster(history):
                    stages = _approval(built, gateway, history)
            finally:
                gateway.stop()
            in_part = _tables(built)
            assert build_models() == []
            whole = _tables(built)
            differing = sorted(name for name in whole if in_part.get(name) != whole[name])
    return {
        "staff": staff,
        "months": months,
        "first_run_seconds": outcome.seconds,
        "stages": stages,
        "differing": differing,
    }


def _approval(firm: BuiltFirm, gateway: GatewayProcess, history: DagsterInstance) -> dict[str, float]:
    entry = unapproved(firm)
    approve(firm, entry)
    began = time.time()
    assert posted(gateway.port, told(entry, "approved", "msg_1")) == 202
    stages = {"event acknowledged": time.time() - began}
    while state(firm, entry)[0] != "approved":
        assert time.time() - began < LIMIT_SECONDS, "the approval is not in the marts"
        time.sleep(0.2)
    total = time.time() - began
    # The readers see it a moment before the run that published it has ended.
    for job in JOBS:
        # The first one since the event: a schedule may have come due meanwhile.
        records = history.get_run_records(RunsFilter(job_name=job, created_after=datetime.fromtimestamp(began, UTC)))
        record = min(records, key=lambda found: found.create_timestamp)
        stages[f"{job}: asked for"] = record.create_timestamp.timestamp() - began
        stages[f"{job}: began"] = (record.start_time or began) - began
        if record.end_time:
            stages[f"{job}: ended"] = record.end_time - began
    return {name: round(seconds, 1) for name, seconds in stages.items()} | {"in the marts": round(total, 1)}


def _tables(firm: BuiltFirm) -> dict[str, Any]:
    with duckdb.connect(str(firm.warehouse), read_only=True) as connection:
        return checksums(connection)


@contextmanager
def _dagster(history: DagsterInstance) -> Iterator[None]:
    """Dagster as ``leakage ui`` starts it, from when its sensors have been looked at."""
    command = [sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions", "-h", "127.0.0.1", "-p", "0"]
    with open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen(command, start_new_session=True, stdout=nowhere, stderr=nowhere)
    try:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not _ticked(history):
            assert time.monotonic() < deadline and child.poll() is None, "Dagster did not start"
            time.sleep(0.5)
        yield
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)


def _ticked(history: DagsterInstance) -> bool:
    """Whether each sensor of events was evaluated once."""
    states = {state.instigator_name: state for state in history.all_instigator_state()}
    return all(
        name in states
        and any(
            tick.status in (TickStatus.SKIPPED, TickStatus.SUCCESS)
            for tick in history.get_ticks(states[name].instigator_origin_id, states[name].selector_id, limit=1)
        )
        for name in EVENT_SENSORS
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--staff", type=int, default=60, help="people in the firm (default: the demo's 60)")
    parser.add_argument("--months", type=int, default=6, help="months of history (default: the demo's 6)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    result = measure(options.staff, options.months) | {
        "load_before": round(load, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    if options.json:
        print(json.dumps(result))
        return
    table = Table(
        title=f"From an approval event to the marts; {options.staff} people, load of the machine {result['load']}"
    )
    table.add_column("stage")
    table.add_column("seconds since the event", justify="right")
    for stage, seconds in result["stages"].items():
        table.add_row(stage, f"{seconds:.1f}")
    console = Console()
    console.print(table)
    console.print(f"tables that a whole build makes otherwise: {', '.join(result['differing']) or 'none'}")


if __name__ == "__main__":
    main()
