"""From event to run: who sent events is read, what hangs below is built, and nothing is started twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.sources.events.settings import configured_inbox
from orchestration.defs.automation.events import BY_EVENT, SYSTEM, drained_senders, event_sensors
from orchestration.defs.ingestion.events import event_inbox
from orchestration.ui import has_credentials
from tests.sandbox.test_gateway_inbox import received

STAGED = dg.AssetKey(["staging", "stg_erp"])


@dg.asset(key=STAGED)
def staged() -> None: ...


@dg.asset
def load_it() -> None: ...


INBOX = dg.define_asset_job("load_events", dg.AssetSelection.groups("ingestion/events"))
LOADS = {"erp": dg.define_asset_job("load_erp", dg.AssetSelection.assets(load_it))}
BUILD = dg.define_asset_job("build", dg.AssetSelection.assets(staged))
SENSORS = {sensor.name: sensor for sensor in event_sensors(LOADS, INBOX, BUILD, {"erp": [STAGED]})}
DEFINITIONS = dg.Definitions.merge(
    event_inbox(),
    dg.Definitions(assets=[staged, load_it], jobs=[INBOX, *LOADS.values(), BUILD], sensors=[*SENSORS.values()]),
)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def arrive(*senders: str) -> None:
    with closing(configured_inbox()) as inbox:
        inbox.append([received(number, source=sender) for number, sender in enumerate(senders)])


def asked(instance: dg.DagsterInstance) -> tuple[int, str | None]:
    """How many runs the sensor of the inbox asks for, and why none."""
    with dg.build_sensor_context(instance=instance, repository_def=DEFINITIONS.get_repository_def()) as context:
        tick = SENSORS["event_inbox"].evaluate_tick(context)
    return len(tick.run_requests or []), tick.skip_message


def after(sensor: str, instance: dg.DagsterInstance, run: dg.ExecuteInProcessResult) -> list[dg.RunRequest]:
    """What a sensor asks for after a run that succeeded."""
    (succeeded,) = [event for event in run.all_events if event.event_type_value == "PIPELINE_SUCCESS"]
    context = dg.build_run_status_sensor_context(sensor, succeeded, instance, run.dagster_run)
    found: Any = SENSORS[sensor](context)
    return [request for request in found if isinstance(request, dg.RunRequest)]


def run(job: str, instance: dg.DagsterInstance, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
    return DEFINITIONS.resolve_job_def(job).execute_in_process(instance=instance, tags=tags)


def test_events_that_wait_are_drained_once(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    assert asked(instance) == (0, "no event waits in the inbox")
    assert not (tmp_path / "events").exists(), "looking makes no inbox"
    arrive("erp", "erp")
    assert asked(instance) == (1, None)
    busy = instance.create_run_for_job(DEFINITIONS.resolve_job_def("load_events"), status=dg.DagsterRunStatus.STARTED)
    assert asked(instance) == (0, "2 event(s) wait; the inbox is being drained already")
    instance.delete_run(busy.run_id)
    run("load_events", instance)
    assert asked(instance) == (0, "no event waits in the inbox")


def test_the_systems_that_sent_are_read_and_no_others(instance: dg.DagsterInstance) -> None:
    arrive("erp", "stranger", "erp")
    drained = run("load_events", instance)
    assert drained_senders(instance, drained.run_id) == ["erp", "stranger"]
    (request,) = after("after_events", instance, drained)
    assert (request.job_name, request.tags[SYSTEM]) == ("load_erp", "erp")
    assert request.run_key == f"{drained.run_id}:erp"


def test_an_event_that_comes_again_starts_nothing(instance: dg.DagsterInstance) -> None:
    arrive("erp")
    run("load_events", instance)
    arrive("erp")
    assert asked(instance) == (0, "no event waits in the inbox")
    assert after("after_events", instance, run("load_events", instance)) == []


def test_what_hangs_below_is_built_after_a_load_that_an_event_started(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = BY_EVENT | {SYSTEM: "erp"}
    loaded = run("load_erp", instance, ours)
    (request,) = after("after_load", instance, loaded)
    assert (request.job_name, request.asset_selection) == ("build", [STAGED])
    assert after("after_load", instance, run("load_erp", instance)) == [], "the build's own schedule follows"
    waits = {"job_name": "build", "statuses": [dg.DagsterRunStatus.QUEUED], "tags": ours}
    count = lambda _, filters: all(getattr(filters, name) == value for name, value in waits.items())  # noqa: E731
    monkeypatch.setattr(dg.DagsterInstance, "get_runs_count", count)
    assert after("after_load", instance, loaded) == [], "one that has not begun will see it"


def test_the_gateways_secrets_are_no_systems_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCES__EVENTS__SENDERS", "{}")
    assert not has_credentials()
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text('[sources.events.senders]\nerp = ["whsec_x"]\n', "utf-8")
    assert not has_credentials()
    (tmp_path / ".dlt" / "secrets.toml").write_text('[sources.netsuite]\naccount = "1"\n', "utf-8")
    assert has_credentials()
    (tmp_path / ".dlt" / "secrets.toml").unlink()
    monkeypatch.setenv("SOURCES__NETSUITE__ACCOUNT", "1")
    assert has_credentials()
