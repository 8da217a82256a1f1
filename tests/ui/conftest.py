"""Dagster's page on a history in which one vendor was read and another one is down, opened in a headless Chromium."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import dagster as dg
import pytest
from dagster._core.loader import LoadingContextForTest
from dagster._daemon.freshness import FreshnessDaemon
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ingestion.config import DEFAULT_SYSTEMS, settings
from ingestion.registry import SYSTEMS
from ingestion.sandbox.server import Fault
from orchestration.defs.automation.watching import watching_sensors
from orchestration.defs.ingestion.assets import ingestion
from orchestration.lib.dbt_runtime import dbt_project
from orchestration.lib.freshness import freshness
from orchestration.lib.instance import instance, prepare_home
from orchestration.lib.loader import Loader
from orchestration.lib.names import load_job, raw_group
from orchestration.ui import end_group
from tests.machine import chromium
from tests.sandbox.running import running

READ, STOPPED = "concur", "kantata"
START_SECONDS, ANSWER_SECONDS = 240, 60
expect.set_options(timeout=ANSWER_SECONDS * 1000)
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync")  # fmt: skip


class Impatient(Loader):
    """A failed step is not tried again."""

    may_repeat = False


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory of its own and the default systems; yields the directory."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("LEAKAGE_", "SOURCES__", "DBT_", "DAGSTER_"))]:
            patch.delenv(name)
        data_dir = tmp_path_factory.mktemp("ui")
        patch.setenv("LEAKAGE_DATA_DIR", str(data_dir))
        patch.setenv("LEAKAGE_SYSTEMS", DEFAULT_SYSTEMS)
        # Set here, so that it is put back.
        patch.setenv("DAGSTER_HOME", str(data_dir / "dagster"))
        yield data_dir


@pytest.fixture(scope="module")
def address(environment: Path) -> Iterator[str]:
    """Where Dagster's page is; meanwhile two systems are read, and then one of them is down."""
    # Before there are two who would do it.
    dbt_project()
    prepare_home()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = ["-m", "dagster_webserver", "-m", "orchestration.definitions", "-h", "127.0.0.1", "-p", port]
    with (environment / "webserver.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, *command], start_new_session=True, stdout=log, stderr=log)
    try:
        make_history(environment)
        wait_for(f"http://127.0.0.1:{port}/server_info", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        end_group(server)


def make_history(data_dir: Path) -> None:
    """Load both systems, then one of them again while it answers 503 only; the sensor tells of it as the daemon lets it."""
    selected = {name: dg.AssetSelection.groups(raw_group(name)) for name in (READ, STOPPED)}
    # One system's checks are enough to be shown.
    selected[STOPPED] = selected[STOPPED].without_checks()
    jobs = {name: dg.define_asset_job(load_job(name), selection) for name, selection in selected.items()}
    (failed,) = (sensor for sensor in watching_sensors(jobs) if sensor.name == "failed_runs")
    systems = [SYSTEMS[name] for name in jobs]
    loads = ingestion(systems, Impatient(), freshness(settings().systems), expect_rows=False)
    definitions = dg.Definitions.merge(loads, dg.Definitions(jobs=[*jobs.values()], executor=dg.in_process_executor))
    with instance() as on:

        def load(system: str) -> dg.ExecuteInProcessResult:
            job = definitions.resolve_job_def(load_job(system))
            return job.execute_in_process(instance=on, raise_on_error=False)

        with running(READ, data_dir):
            assert load(READ).success
        with running(STOPPED, data_dir) as vendor:
            assert load(STOPPED).success
            vendor.server.faults.append(Fault(STOPPED, "status", times=1000, status=503))
            down = load(STOPPED)
        (event,) = (e for e in down.all_events if e.event_type_value == "PIPELINE_FAILURE")
        context = dg.build_run_status_sensor_context("failed_runs", event, on, down.dagster_run)
        failed(context.for_run_failure())
        evaluate_freshness(on, definitions)


def evaluate_freshness(on: dg.DagsterInstance, definitions: dg.Definitions) -> None:
    """What Dagster's daemon does every half minute."""
    # The daemon itself takes the assets from a running code server.
    daemon, nodes = FreshnessDaemon(), definitions.resolve_asset_graph().asset_nodes

    async def evaluate() -> None:
        context = LoadingContextForTest(on)
        await asyncio.gather(*(daemon._evaluate_asset(context, node) for node in nodes))  # type: ignore[arg-type]

    asyncio.run(evaluate())


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until ``url`` answers; fails when the server has ended or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, "Dagster's web server ended; see webserver.log"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}; see webserver.log")


@pytest.fixture(scope="module")
def screenshots(environment: Path) -> Path:
    """Where the screenshots are kept: with pytest's other temporary files, or below ``--basetemp``."""
    folder = environment / "screenshots"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """The machine's Chromium, with a new profile; opened when the page is there: it keeps an event loop in this thread."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium(), args=[*CHROMIUM]) as found,
    ):
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that has seen nothing of Dagster before."""
    with browser.new_page(base_url=address, viewport={"width": 1600, "height": 1000}) as found:
        found.set_default_timeout(ANSWER_SECONDS * 1000)
        yield found
