"""The Dagster instance that ``leakage run``, ``leakage ui`` and the schedules share; it lives in the data directory."""

from __future__ import annotations

import os
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from ingestion.config import ConfigurationError, settings
from ingestion.registry import EVENTS
from orchestration.lib.storage import VARIABLE, postgres_url

if TYPE_CHECKING:
    from dagster import DagsterInstance

PROCESS_TAG = "leakage/process"
TEMPLATE = Path(__file__).parents[1] / "dagster.yaml"
STORAGE = TEMPLATE.with_name("storage")


def prepare_home() -> Path:
    """The instance's folder, created and configured; ``DAGSTER_HOME`` of this process and its children points to it."""
    home = settings().data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    if url := postgres_url():
        os.environ[VARIABLE] = url
    storage = STORAGE / ("postgres.yaml" if url else "embedded.yaml")
    text = TEMPLATE.read_text("utf-8") + storage.read_text("utf-8")
    (home / "dagster.yaml").write_text(text.replace("{home}", home.as_posix()), "utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def instance() -> DagsterInstance:
    """The instance of the configured data directory: runs of the command line show in ``leakage ui``."""
    from dagster import DagsterInstance

    home = prepare_home()
    try:
        found = DagsterInstance.from_config(str(home))
    except Exception as error:
        if VARIABLE not in os.environ:
            raise
        # Whatever the driver says, it may say the password with it.
        raise ConfigurationError(
            f"dagster: the database of postgres_url cannot be used ({type(error).__name__}); correct [dagster] in "
            ".dlt/secrets.toml or start the server"
        ) from None
    _declare_pools(found)
    _end_dead_runs(found)
    return found


def process_tags() -> dict[str, str]:
    """Tags of a run that this process executes itself."""
    return {PROCESS_TAG: f"{gethostname()}:{os.getpid()}"}


def _declare_pools(instance: DagsterInstance) -> None:
    """Give the pools their limit: a pool that the queue has never seen lets the first runs through all at once."""
    from orchestration.lib.names import WAREHOUSE_POOL, vendor_pool

    pools = {WAREHOUSE_POOL, *map(vendor_pool, (*settings().systems.values(), EVENTS.name))}
    for pool in pools - instance.event_log_storage.get_concurrency_keys():
        instance.event_log_storage.initialize_concurrency_limit_to_default(pool)


def _end_dead_runs(instance: DagsterInstance) -> None:
    """Mark runs as failed whose process was killed: Dagster watches over those that it launched itself only, and a run
    that never ends keeps its pools from the schedules."""
    from dagster import DagsterRunStatus, RunsFilter

    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])):
        host, _, process = run.tags.get(PROCESS_TAG, "").rpartition(":")
        # Of another machine's processes, with which a database may be shared, nothing is known here.
        if host == gethostname() and not _lives(int(process)):
            instance.report_run_failed(run, "the process that executed this run was killed")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
