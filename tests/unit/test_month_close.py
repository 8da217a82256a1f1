"""The close of a month: its last day as it is known now, and not while the reconciliation fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.publishing import month_close as closing
from orchestration.defs.publishing.month_close import CLOSE_JOB, MONTH_CLOSE, month_close
from orchestration.defs.quality.checks import LEDGER
from orchestration.replay import Replay, ReplayError

RECONCILES = dg.AssetCheckKey(LEDGER, "reconciles_time_in_ledger")
OTHER = dg.AssetCheckKey(LEDGER, "is_key")


@dg.asset(key=LEDGER)
def ledger() -> None: ...


def checking(*, reconciles: bool) -> dg.AssetChecksDefinition:
    specs = [dg.AssetCheckSpec(key.name, asset=LEDGER, blocking=True) for key in (RECONCILES, OTHER)]

    @dg.multi_asset_check(specs=specs)
    def checks() -> Iterator[dg.AssetCheckResult]:
        for key, passed in ((RECONCILES, reconciles), (OTHER, False)):
            yield dg.AssetCheckResult(asset_key=LEDGER, check_name=key.name, passed=passed)

    return checks


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[date, datetime, str]]:
    """What was asked to be built again; tests/e2e/test_replay.py builds it."""
    asked: list[tuple[date, datetime, str]] = []

    def replay(as_of: date, known_at: datetime, name: str) -> Replay:
        asked.append((as_of, known_at, name))
        return Replay(name, as_of, known_at, tmp_path / name / "leakage.duckdb", 1.0)

    monkeypatch.setattr(closing, "replay", replay)
    return asked


def check(instance: dg.DagsterInstance, *, reconciles: bool) -> None:
    dg.materialize([ledger, checking(reconciles=reconciles)], instance=instance, raise_on_error=False)


def close(instance: dg.DagsterInstance, month: str) -> dg.ExecuteInProcessResult:
    """The job of a month, as its schedule and a backfill start it."""
    job = dg.define_asset_job(CLOSE_JOB, dg.AssetSelection.assets(MONTH_CLOSE))
    definitions = dg.Definitions.merge(
        month_close([RECONCILES, OTHER]), dg.Definitions(jobs=[job], executor=dg.in_process_executor)
    )
    return definitions.resolve_job_def(CLOSE_JOB).execute_in_process(
        instance=instance, partition_key=month, raise_on_error=False
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = (event for event in result.all_events if event.is_step_failure)
    said = event.step_failure_data.user_failure_data
    assert said and said.description
    return str(said.description)


def test_a_months_last_day_is_built_as_it_is_known_now(
    instance: dg.DagsterInstance, replays: list[tuple[date, datetime, str]]
) -> None:
    check(instance, reconciles=True)
    before = datetime.now(UTC)
    assert close(instance, "2026-02-01").success
    ((as_of, known_at, name),) = replays
    assert (as_of, name) == (date(2026, 2, 28), "close-2026-02") and before <= known_at <= datetime.now(UTC)
    assert instance.get_materialized_partitions(MONTH_CLOSE) == {"2026-02-01"}


def test_no_month_is_closed_while_the_reconciliation_fails(
    instance: dg.DagsterInstance, replays: list[tuple[date, datetime, str]]
) -> None:
    check(instance, reconciles=False)
    said = failure(close(instance, "2026-04-01"))
    assert said.startswith("2026-04 is not closed: the financial reconciliation failed (reconciles_time_in_ledger);")
    assert replays == []
    check(instance, reconciles=True)
    assert close(instance, "2026-04-01").success, "the same month, after it was repaired"


def test_a_month_that_cannot_be_built_says_why(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    def replay(*_: object) -> Replay:
        raise ReplayError("dbt failed: one test")

    monkeypatch.setattr(closing, "replay", replay)
    assert failure(close(instance, "2026-04-01")) == "2026-04 is not closed: dbt failed: one test"
    assert instance.get_materialized_partitions(MONTH_CLOSE) == set()
