"""Which runs the project's instance lets run together, and what becomes of a run whose process died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import CodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import filter_runs_to_should_retry
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from orchestration.defs.publishing.month_close import CLOSE_JOB
from orchestration.lib.instance import instance as project_instance
from orchestration.lib.names import BUILD_JOB, WAREHOUSE_POOL, load_job, vendor_pool

POOLS = {
    load_job("kantata"): vendor_pool("kantata"),
    load_job("netsuite"): vendor_pool("netsuite"),
    BUILD_JOB: WAREHOUSE_POOL,
    CLOSE_JOB: WAREHOUSE_POOL,
}


def job(name: str, pool: str) -> dg.JobDefinition:
    """A job that needs ``pool``, as tests/unit/test_definitions.py shows of the real one."""

    @dg.op(name=f"step_of_{name}", pool=pool)
    def step() -> None: ...

    @dg.job(name=name)
    def found() -> None:
        step()

    return found


JOBS = {name: job(name, pool) for name, pool in POOLS.items()}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    # Set here, so that it is put back.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.delenv("LEAKAGE_SYSTEMS", raising=False)
    with project_instance() as found:
        yield found


def run_of(instance: dg.DagsterInstance, name: str, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="orchestration.definitions"))
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
    code = JobPythonOrigin(
        name, RepositoryPythonOrigin("python", CodePointer.from_module("orchestration.definitions", "defs", None))
    )
    return instance.create_run_for_job(JOBS[name], status=status, remote_job_origin=origin, job_code_origin=code)


def started(instance: dg.DagsterInstance) -> list[str]:
    """The jobs of the waiting runs that the queue would start now."""
    queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
    return [run.job_name for run in queue._get_runs_to_dequeue(instance, instance.get_concurrency_config(), None)]


def test_builds_wait_for_each_other_and_loads_for_nobody_else(instance: dg.DagsterInstance) -> None:
    for name in (BUILD_JOB, BUILD_JOB, CLOSE_JOB, load_job("kantata"), load_job("netsuite"), load_job("kantata")):
        run_of(instance, name, dg.DagsterRunStatus.QUEUED)
    assert sorted(started(instance)) == [BUILD_JOB, load_job("kantata"), load_job("netsuite")]


@pytest.mark.parametrize("running", [BUILD_JOB, CLOSE_JOB])
def test_nothing_is_built_beside_a_build(instance: dg.DagsterInstance, running: str) -> None:
    run_of(instance, running, dg.DagsterRunStatus.STARTED)
    for name in (BUILD_JOB, CLOSE_JOB, load_job("kantata")):
        run_of(instance, name, dg.DagsterRunStatus.QUEUED)
    assert started(instance) == [load_job("kantata")]


def test_a_run_whose_process_died_is_started_once_more(instance: dg.DagsterInstance) -> None:
    run = run_of(instance, BUILD_JOB, dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run, "the process is gone", job_failure_data=None)
    (died,) = instance.get_runs(dg.RunsFilter(run_ids=[run.run_id]))
    assert died.tags[WILL_RETRY_TAG] == "true"
    assert [*filter_runs_to_should_retry([died], instance)] == [died]


def test_a_run_that_failed_in_an_orderly_way_is_not(instance: dg.DagsterInstance) -> None:
    @dg.op
    def refused() -> None:
        raise dg.Failure("credentials", allow_retries=False)

    @dg.job(executor_def=dg.in_process_executor)
    def fails() -> None:
        refused()

    run = fails.execute_in_process(instance=instance, raise_on_error=False)
    assert not run.success
    found = instance.get_run_by_id(run.run_id)
    assert found and found.tags.get(WILL_RETRY_TAG) != "true"
