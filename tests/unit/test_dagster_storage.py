"""Dagster's history and queue in PostgreSQL: configured beside the other secrets, and shown nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from ingestion.config import ConfigurationError
from orchestration.defs.publishing.month_close import CLOSE_JOB
from orchestration.lib import storage
from orchestration.lib.instance import instance, prepare_home
from orchestration.lib.names import BUILD_JOB, load_job
from orchestration.lib.storage import VARIABLE
from tests.sandbox import postgres
from tests.unit.test_run_queue import run_of


@dg.asset
def something() -> None: ...


@dg.asset_check(asset=something)
def is_there() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    # Set here, so that they are put back.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.mark.postgres
def test_runs_assets_and_checks_are_kept_in_the_database(
    server: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, server)
    definitions = dg.Definitions(assets=[something], asset_checks=[is_there], executor=dg.in_process_executor)
    with instance() as first:
        assert not first.telemetry_enabled and first.run_retries_enabled, "the rest is as it is in files"
        assert {
            type(kept).__name__ for kept in (first.run_storage, first.event_log_storage, first.schedule_storage)
        } == {
            "PostgresRunStorage",
            "PostgresEventLogStorage",
            "PostgresScheduleStorage",
        }
        run = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=first)
    with instance() as second:
        assert second.get_run_by_id(run.run_id).is_success  # type: ignore[union-attr]
        assert second.get_latest_materialization_event(dg.AssetKey("something")) is not None
        key = dg.AssetCheckKey(dg.AssetKey("something"), "is_there")
        assert second.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].status.value == "SUCCEEDED"
    assert not list(data_dir.rglob("*.db"))
    assert server not in (data_dir / "dagster" / "dagster.yaml").read_text("utf-8")


@pytest.mark.postgres
def test_the_daemon_starts_what_the_pools_let_from_a_queue_in_the_database(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, server)
    with instance() as kept, WorkspaceProcessContext(kept, EmptyWorkspaceTarget()) as workspace:
        launched: list[dg.DagsterRun] = []
        monkeypatch.setattr(
            type(kept.run_launcher), "launch_run", lambda self, context: launched.append(context.dagster_run)
        )

        def iterate() -> list[str]:
            """One look of the daemon at the queue; the jobs of the runs that it started."""
            before = len(launched)
            with QueuedRunCoordinatorDaemon(interval_seconds=1) as daemon:
                assert [error for error in daemon.run_iteration(workspace) if error] == []
            return sorted(run.job_name for run in launched[before:])

        for name in (BUILD_JOB, CLOSE_JOB, load_job("kantata"), load_job("kantata"), load_job("netsuite")):
            run_of(kept, name, dg.DagsterRunStatus.QUEUED)
        assert iterate() == [BUILD_JOB, load_job("kantata"), load_job("netsuite")]
        assert iterate() == [], "the pools are taken"
        (build,) = (run for run in launched if run.job_name == BUILD_JOB)
        assert kept.get_run_by_id(build.run_id).status is dg.DagsterRunStatus.STARTING  # type: ignore[union-attr]
        kept.report_run_canceled(build)
        assert iterate() == [CLOSE_JOB]


def test_the_address_stays_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert storage.postgres_url() is None
    assert "OpenSqliteEventLogStorage" in (prepare_home() / "dagster.yaml").read_text("utf-8")
    monkeypatch.setenv(VARIABLE, "postgresql://dagster:hunter2secret@db.example/dagster")
    text = (prepare_home() / "dagster.yaml").read_text("utf-8")
    assert f"env: {VARIABLE}" in text and "hunter2secret" not in text and "event_log_storage" not in text


def test_a_database_that_is_not_there_is_one_sentence_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://dagster:hunter2secret@127.0.0.1:1/none?connect_timeout=1")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        instance()
    assert "hunter2secret" not in str(caught.value) and caught.value.__suppress_context__


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://db.example/dagster")
    monkeypatch.setattr(storage, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"install leakage\[postgres\]"):
        prepare_home()
