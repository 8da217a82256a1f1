"""From event to run: who sent events is read, what hangs below is built, and nothing is started twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from ingestion.sources.events.settings import configured_inbox
from orchestration.defs.automation.events import BY_EVENT, SYSTEM, drained_senders, event_sensors, was_built_whole
from orchestration.defs.ingestion.events import event_inbox
from orchestration.ui import has_credentials
from tests.sandbox.test_gateway_inbox import received

PARSED_AT = datetime(2026, 1, 1, tzinfo=UTC)
# What the next load of the ERP brings, by raw object.
BROUGHT: dict[str, int] = {}


@dg.multi_asset(specs=[dg.AssetSpec(["raw", "erp", name]) for name in ("invoice", "term", "feed", "quarantine")])
def load_it() -> Iterator[dg.MaterializeResult]:
    for name in ("invoice", "term"):
        counts = {"versions_appended": BROUGHT.get(name, 0), "tombstones": 0, "quarantined": 0}
        yield dg.MaterializeResult(["raw", "erp", name], metadata=counts)
    for name in ("feed", "quarantine"):
        yield dg.MaterializeResult(["raw", "erp", name])


@dg.asset(key=["staging", "invoices"], deps=[["raw", "erp", "invoice"]])
def invoices() -> None: ...


@dg.asset(key=["staging", "terms"], deps=[["raw", "erp", "term"]])
def terms() -> None: ...


@dg.asset(key=["canonical", "feed_status"], deps=[["raw", "erp", "feed"]])
def feed_status() -> None: ...


INBOX = dg.define_asset_job("load_events", dg.AssetSelection.groups("ingestion/events"))
LOADS = {"erp": dg.define_asset_job("load_erp", dg.AssetSelection.assets(load_it))}
BUILT = dg.AssetSelection.assets(invoices, terms, feed_status)
BUILD = dg.define_asset_job("build", BUILT)
ASSETS = dg.Definitions.merge(event_inbox(), dg.Definitions(assets=[load_it, invoices, terms, feed_status]))


def below(raw: dg.AssetSelection) -> set[dg.AssetKey]:
    return (raw.downstream() & BUILT).resolve(ASSETS.resolve_asset_graph())


SENSORS = {sensor.name: sensor for sensor in event_sensors(LOADS, INBOX, BUILD, below, PARSED_AT)}
DEFINITIONS = dg.Definitions.merge(
    ASSETS, dg.Definitions(jobs=[INBOX, *LOADS.values(), BUILD], sensors=[*SENSORS.values()])
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


@pytest.fixture
def built(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """Everything was built before."""
    return run("build", instance).dagster_run


OURS = BY_EVENT | {SYSTEM: "erp"}


def loaded(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, **brought: int) -> list[dg.RunRequest]:
    """What is asked for after a load by an event that ``brought`` so many versions of these objects."""
    monkeypatch.setattr(sys.modules[__name__], "BROUGHT", brought)
    return after("after_load", instance, run("load_erp", instance, OURS))


def paths(request: dg.RunRequest) -> list[str] | None:
    return None if request.asset_selection is None else sorted(key.path[-1] for key in request.asset_selection)


def waits(instance: dg.DagsterInstance, job: str, *assets: str) -> None:
    """A run of ``job`` waits in the queue, for these assets or all."""
    selection = {key for key in below(dg.AssetSelection.all()) if key.path[-1] in assets} or None
    instance.create_run_for_job(
        DEFINITIONS.resolve_job_def(job),
        status=dg.DagsterRunStatus.QUEUED,
        tags=OURS,
        asset_selection=selection,
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "here"), job),
        job_code_origin=JobPythonOrigin(
            job, RepositoryPythonOrigin("python", ModuleCodePointer(__name__, "DEFINITIONS"))
        ),
    )


@pytest.mark.usefixtures("built")
def test_what_hangs_below_the_changed_objects_is_built(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    (request,) = loaded(instance, monkeypatch, invoice=2)
    assert (request.job_name, paths(request)) == ("build", ["feed_status", "invoices"])
    (request,) = loaded(instance, monkeypatch, invoice=2, term=1)
    assert paths(request) == ["feed_status", "invoices", "terms"]
    assert loaded(instance, monkeypatch) == [], "nothing is new"
    assert after("after_load", instance, run("load_erp", instance)) == [], "the build's own schedule follows"


@pytest.mark.usefixtures("built")
def test_a_build_that_waits_is_asked_for_once(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(instance, "build", "feed_status", "invoices")
    assert loaded(instance, monkeypatch, invoice=1) == []
    assert len(loaded(instance, monkeypatch, term=1)) == 1, "it would not build this"
    waits(instance, "build")
    assert loaded(instance, monkeypatch, term=1) == []


def test_a_load_that_waits_is_asked_for_once(instance: dg.DagsterInstance) -> None:
    arrive("erp")
    drained = run("load_events", instance)
    waits(instance, "load_erp")
    assert after("after_events", instance, drained) == []


def test_everything_is_built_where_only_another_day_or_release_was(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    (request,) = loaded(instance, monkeypatch, invoice=1)
    assert paths(request) is None, "nothing was built yet"
    now = datetime.now(UTC)
    run("build", instance)
    assert was_built_whole(instance, PARSED_AT)
    assert not was_built_whole(instance, now + timedelta(minutes=1)), "the project is another one since"
    monkeypatch.setattr("orchestration.defs.automation.events.datetime", Tomorrow)
    assert not was_built_whole(instance, PARSED_AT), "of yesterday"
    monkeypatch.setenv("LEAKAGE_AS_OF", "2026-01-31")
    assert was_built_whole(instance, PARSED_AT), "the business date stands still"


class Tomorrow(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Tomorrow:
        return cls.combine((datetime.now(tz) + timedelta(days=1)).date(), time(1), tz)


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
