"""What the watching sensors do tick by tick, with their cursors: each trouble once, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from ingestion.http.errors import PartialLoadError
from orchestration.defs.automation.watching import watching_sensors
from orchestration.defs.ingestion.assets import load_failure
from orchestration.lib.names import FEED, raw_key

TINY_REGISTER = Path(__file__).with_name("tiny_register.sql")
KANTATA_FEED = raw_key("kantata", FEED)
REASON = "kantata: answered 503, still so after 6 attempts; run again later"
REFUSED = "kantata: the integration user may not read it; grant it the scope time:read"


class Vendor(dg.ConfigurableResource):
    """A vendor that is up or down, or refuses some of its objects."""

    is_up: bool = True
    refused: list[str] = []


KANTATA_TIME = raw_key("kantata", "time_entries")


@dg.multi_asset(specs=[dg.AssetSpec(KANTATA_FEED), dg.AssetSpec(KANTATA_TIME)], can_subset=True)
def kantata(vendor: Vendor) -> Iterator[dg.MaterializeResult]:
    if not vendor.is_up:
        raise dg.Failure(REASON, allow_retries=False)
    yield dg.MaterializeResult(asset_key=KANTATA_FEED)
    if vendor.refused:
        raise load_failure(PartialLoadError("kantata", dict.fromkeys(vendor.refused, REFUSED), 3))
    yield dg.MaterializeResult(asset_key=KANTATA_TIME)


@dg.asset
def files() -> None: ...


LOADS = {
    "kantata": dg.define_asset_job("load_kantata", dg.AssetSelection.assets(kantata)),
    "files": dg.define_asset_job("load_files", dg.AssetSelection.assets(files)),
}
SENSORS = {sensor.name: sensor for sensor in watching_sensors(LOADS)}
DEFINITIONS = dg.Definitions(
    assets=[kantata, files],
    jobs=[*LOADS.values()],
    sensors=[*SENSORS.values()],
    resources={"vendor": Vendor()},
    executor=dg.in_process_executor,
)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def tick(sensor: str, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorExecutionData:
    """One evaluation, from where the last one ended."""
    repository = DEFINITIONS.get_repository_def()
    with dg.build_sensor_context(instance, cursor, repository_def=repository) as context:
        return SENSORS[sensor].evaluate_tick(context)


def load(instance: dg.DagsterInstance, *, is_up: bool = True, refused: Sequence[str] = ()) -> None:
    job = DEFINITIONS.resolve_job_def("load_kantata")
    with_vendor = {"resources": {"vendor": {"config": {"is_up": is_up, "refused": [*refused]}}}}
    succeeds = is_up and not refused
    assert job.execute_in_process(with_vendor, instance=instance, raise_on_error=False).success is succeeds


def problems(instance: dg.DagsterInstance) -> list[str]:
    records = instance.fetch_observations(KANTATA_FEED, limit=10).records
    return [str(r.asset_observation.metadata["problem"].value) for r in records if r.asset_observation]


def test_a_failed_load_says_once_what_it_means_and_why(instance: dg.DagsterInstance) -> None:
    load(instance, is_up=False)
    first = tick("failed_runs", instance)
    assert problems(instance) == [], "what failed before there was a sensor is history"
    load(instance, is_up=True)
    assert tick("failed_runs", instance, first.cursor).cursor == first.cursor and problems(instance) == []
    load(instance, is_up=False)
    second = tick("failed_runs", instance, first.cursor)
    (problem,) = problems(instance)
    assert problem.startswith("Kantata OX could not be read: its PSA data stay as of 20")
    assert problem.endswith(f"UTC; pmo answers for it. Reason: {REASON}")
    assert second.skip_message == problem
    assert tick("failed_runs", instance, second.cursor).cursor == second.cursor
    assert problems(instance) == [problem]


def test_a_system_that_was_never_read_has_no_data_to_stand_on(instance: dg.DagsterInstance) -> None:
    begin = tick("failed_runs", instance)
    load(instance, is_up=False)
    tick("failed_runs", instance, begin.cursor)
    (problem,) = problems(instance)
    assert "there are no PSA data of it yet" in problem


def test_of_a_load_that_failed_in_part_only_what_was_not_read_is_old(instance: dg.DagsterInstance) -> None:
    load(instance)
    begin = tick("failed_runs", instance)
    load(instance, refused=["time_entries"])
    first = tick("failed_runs", instance, begin.cursor)
    (problem,) = problems(instance)
    assert problem.startswith("Kantata OX was read in part: its time entries stay as of 20")
    assert problem.endswith(
        "UTC, its other data are up to date; pmo answers for it. Reason: kantata: 1 of 3 objects could not be read, "
        f"the others are loaded: time_entries ({REFUSED})"
    )
    load(instance, refused=["time_entries", "stories"])
    tick("failed_runs", instance, first.cursor)
    assert "there are no stories and time entries of it yet, its other data are up to date" in problems(instance)[0]


def test_a_late_feed_is_read_again_once_for_each_delay(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    assert tick("late_feeds", instance).skip_message == "nothing was published yet"
    (tmp_path / "published").mkdir()
    with duckdb.connect(str(tmp_path / "published" / "leakage.duckdb")) as connection:
        connection.execute(TINY_REGISTER.read_text("utf-8"))
        connection.execute("update marts.operations__feed_health set status = 'fresh'")
    assert tick("late_feeds", instance).skip_message == "every feed reaches as far as its policy asks"
    keys = []
    for day in (28, 28, 29):
        with duckdb.connect(str(tmp_path / "published" / "leakage.duckdb")) as connection:
            connection.execute(
                "update marts.operations__feed_health set status = 'stale', source_system = 'kantata', "
                f"source_domain = 'psa', complete_through = timestamp '2026-04-{day} 05:00'"
            )
        (request,) = tick("late_feeds", instance).run_requests or []
        assert request.job_name == "load_kantata"
        keys.append(request.run_key)
    assert keys[0] == keys[1] != keys[2], "Dagster starts one run for each key"


def test_dropped_files_are_read_once(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__FILES__LOCATION", str(tmp_path))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    assert tick("files_dropped", instance).skip_message == "no file waits in the drop folder"
    (inbox / "half.csv.part").write_text("being written")
    assert not tick("files_dropped", instance).run_requests
    keys = []
    for text in (None, None, "longer than before"):
        if text or not keys:
            (inbox / "customers.csv").write_text(text or "x")
        (request,) = tick("files_dropped", instance).run_requests or []
        keys.append(request.run_key)
    assert keys[0] == keys[1] != keys[2], "the same file asks once, another content of its name again"
