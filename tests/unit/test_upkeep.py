"""Alerts and retention as Dagster runs them: by schedule, when they are configured, and said in words when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration import alerts
from orchestration.alerts.plan import Alert
from orchestration.defs.automation import upkeep
from orchestration.prune import Pruned
from orchestration.rebuild import RebuildError

DEFINITIONS = upkeep.upkeep()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def due(schedule: str, instance: dg.DagsterInstance) -> dg.ScheduleExecutionData:
    context = dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 4, 30, 6, tzinfo=UTC))
    return DEFINITIONS.resolve_schedule_def(schedule).evaluate_tick(context)


def run(job: str, instance: dg.DagsterInstance, config: dict[str, object] | None = None) -> dg.ExecuteInProcessResult:
    return DEFINITIONS.resolve_job_def(job).execute_in_process(config, instance=instance, raise_on_error=False)


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = (event for event in result.all_events if event.is_step_failure)
    said = event.step_failure_data.user_failure_data
    return str(said.description) if said else ""


def configure_alerts(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("ALERTS__TARGETS", '{"it": "json://127.0.0.1:1/"}')
    patch.setenv("ALERTS__ROUTES", '{"IT": ["it"]}')


def test_what_is_not_configured_does_nothing_and_says_so(instance: dg.DagsterInstance) -> None:
    for schedule in ("immediate_alerts", "daily_digest"):
        assert str(due(schedule, instance).skip_message).startswith("alerts: nobody is told; set [alerts.targets]")
    assert "the archive keeps everything" in str(due("prune_archive_schedule", instance).skip_message)


def test_alerts_are_sent_in_the_mode_of_their_schedule(
    instance: dg.DagsterInstance, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_alerts(monkeypatch)
    assert due("daily_digest", instance).skip_message == "nothing was published yet"
    (data_dir / "published").mkdir()
    (data_dir / "published" / "leakage.duckdb").touch()
    sent: list[str] = []
    monkeypatch.setattr(alerts, "send", lambda mode: sent.append(mode) or alerts.Outcome())
    for schedule in ("immediate_alerts", "daily_digest"):
        (request,) = due(schedule, instance).run_requests or []
        assert run("send_alerts", instance, dict(request.run_config)).success
    assert sent == [alerts.IMMEDIATE, alerts.DIGEST]


def test_a_target_that_takes_no_alert_fails_the_run_by_its_name(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = alerts.Outcome(failed=[Alert(alerts.DIGEST, "it-slack", "IT", ())])
    monkeypatch.setattr(alerts, "send", lambda mode: lost)
    assert failure(run("send_alerts", instance)).startswith(
        "1 alert(s) did not arrive (it-slack); check [alerts.targets]"
    )


def test_without_a_register_alerts_say_what_is_missing(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_alerts(monkeypatch)
    assert "nothing was built here yet" in failure(run("send_alerts", instance))


def test_each_system_is_pruned_on_its_own(
    instance: dg.DagsterInstance, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE__KEEP_DAYS", "30")
    for system in ("concur", "kantata"):
        (data_dir / "archive" / system / "manifest").mkdir(parents=True)
    asked: list[tuple[str, datetime]] = []

    def prune(system: str, before: datetime, by: str) -> Pruned:
        asked.append((system, before))
        if system == "concur":
            raise RebuildError("concur: entry 3 of the archive is broken")
        return Pruned(system, 1, 2)

    monkeypatch.setattr(upkeep, "prune", prune)
    assert due("prune_archive_schedule", instance).run_requests
    assert failure(run("prune_archive", instance)) == "concur: entry 3 of the archive is broken"
    assert [system for system, _ in asked] == ["concur", "kantata"]
    age = datetime.now(UTC) - asked[0][1]
    assert timedelta(days=30) <= age < timedelta(days=30, minutes=5)
