"""The asset graph as Dagster loads it: what is in it, what depends on what, and that loading it needs nothing else.

``UPDATE_SNAPSHOTS=1 uv run pytest tests/unit/test_definitions.py`` writes the snapshot anew; review it as a diff.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.freshness import CronFreshnessPolicy, TimeWindowFreshnessPolicy
from dagster._utils.schedules import schedule_execution_time_iterator

from ingestion.config import DEFAULT_SYSTEMS, settings
from ingestion.registry import SYSTEMS
from orchestration import policies
from orchestration.definitions import build_definitions
from orchestration.defs.quality.checks import FEEDS_ARE_FRESH
from orchestration.lib.dbt_runtime import dbt_project

SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"
CHOSEN = dict(pair.split("=") for pair in DEFAULT_SYSTEMS.split(","))
SCHEDULED = [*(f"load_{system}" for system in CHOSEN.values()), "build", "close_month"]
JOBS = [*SCHEDULED, "load_events"]
# What people decide and what loads say of themselves: no job makes it.
KEPT = {dg.AssetKey(["control", name]) for name in ("finding_decision", "exception_decision", "load_attempt")}
LAYERS = {"raw", "staging", "mapping", "policies", "canonical", "ledger", "marts", "published"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """An own data directory, the default systems, no credentials, and no way to any network."""
    with pytest.MonkeyPatch.context() as patch:
        data_dir = tmp_path_factory.mktemp("definitions")
        for name in [n for n in os.environ if n.startswith(("LEAKAGE_", "SOURCES__", "DBT_"))]:
            patch.delenv(name)
        patch.setenv("LEAKAGE_DATA_DIR", str(data_dir))
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield patch


def refuse(*arguments: object, **_: object) -> None:
    raise AssertionError(f"loading the definitions wanted to connect to {arguments[1:]}")


def freshness(spec: dg.AssetSpec) -> dict[str, str]:
    """When the asset is late, if anybody looks at that."""
    policy = spec.freshness_policy
    if isinstance(policy, TimeWindowFreshnessPolicy):
        return {"late": f"after {policy.fail_window.to_timedelta()}"}
    return {"late": f"at {policy.deadline_cron}"} if isinstance(policy, CronFreshnessPolicy) else {}


@pytest.fixture(scope="module")
def definitions(environment: pytest.MonkeyPatch) -> dg.Definitions:
    """All default systems, from a clone that has no manifest yet."""
    return build_definitions()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    """What jobs make, by key."""
    found = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    return {name: spec for name, spec in found.items() if dg.AssetKey(name.split("/")) not in KEPT}


def test_the_graph_is_the_reviewed_one(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]):
    graph = definitions.resolve_asset_graph()
    now: dict[str, Any] = {
        "assets": {
            name: {
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            }
            | freshness(spec)
            for name, spec in sorted(specs.items())
        },
        "checks": {
            key.to_user_string(): "blocking" if graph.get_check_spec(key).blocking else "shown"
            for key in sorted(graph.asset_check_keys)
        },
        "jobs": {
            name: sorted({key.path[0] for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys})
            for name in JOBS
        },
        "schedules": {
            s.name: {
                "cron": s.cron_schedule if isinstance(s.cron_schedule, str) else list(s.cron_schedule),
                "job": s.job_name,
                "status": s.default_status.value,
                "zone": s.execution_timezone,
            }
            for s in sorted(definitions.get_repository_def().schedule_defs, key=lambda schedule: schedule.name)
        },
        "sensors": {
            sensor.name: {
                "jobs": sorted(target.job_name for target in sensor.targets),
                "seconds": sensor.minimum_interval_seconds,
                "status": sensor.default_status.value,
            }
            for sensor in sorted(definitions.get_repository_def().sensor_defs, key=lambda sensor: sensor.name)
        },
    }
    text = json.dumps(now, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, "utf-8")
    reviewed = json.loads(SNAPSHOT.read_text("utf-8"))
    for part, content in now.items():
        assert content == reviewed[part], f"{part} changed; if that is meant, write the snapshot anew (see above)"


def test_no_asset_comes_from_nowhere(definitions: dg.Definitions):
    """A wrong dependency makes Dagster invent an external asset, whose consumer then runs too early."""
    assert definitions.resolve_asset_graph().external_asset_keys == KEPT


def test_every_asset_is_described_grouped_and_owned(specs: dict[str, dg.AssetSpec]):
    for name, spec in specs.items():
        assert spec.key.path[0] in LAYERS, name
        assert spec.group_name and spec.group_name != "default", name
        assert spec.owners, name
        assert spec.kinds, name
        assert spec.description and "select" not in spec.description.lower().split(), name


def test_groups_follow_the_layers(specs: dict[str, dg.AssetSpec]):
    for name, spec in specs.items():
        layer = spec.key.path[0]
        expected = {"raw": f"ingestion/{spec.key.path[1]}"}.get(layer, layer)
        assert spec.group_name == expected or str(spec.group_name).startswith(f"{layer}/"), name


def test_raw_and_tables_carry_their_columns(specs: dict[str, dg.AssetSpec]):
    for name, spec in specs.items():
        if spec.key.path[0] in ("raw", "canonical", "ledger", "marts"):
            assert spec.metadata.get("dagster/column_schema"), name


def test_every_raw_object_of_an_enabled_system_is_an_asset(specs: dict[str, dg.AssetSpec]):
    expected = {
        f"raw/{system.name}/{name}" for system in SYSTEMS.values() for name in (*system.objects, "feed", "quarantine")
    }
    inbox = {"raw/events/event", "raw/events/feed", "raw/events/quarantine"}
    raw = {name for name in specs if name.startswith("raw/")}
    assert raw == {name for name in expected if name.split("/")[1] in CHOSEN.values()} | inbox


def test_the_snapshot_for_bi_waits_for_everything_it_publishes(specs: dict[str, dg.AssetSpec]):
    published = {dep.asset_key.to_user_string() for dep in specs["published/bi_snapshot"].deps}
    assert published == {name for name in specs if name.split("/")[0] in ("canonical", "ledger", "marts")}


def test_what_is_published_waits_for_what_was_checked(definitions: dg.Definitions):
    waits = {
        node.alias or node.name: {step.node for found in inputs.values() for step in found.get_node_dependencies()}
        for node, inputs in definitions.resolve_job_def("build").dependencies.items()
    }
    assert waits["reconcile"] == {"build_models"}
    assert waits["published__bi_snapshot"] == {"build_models", "reconcile"}, "freshness is shown and awaited by nobody"


def test_no_job_holds_what_another_job_needs(definitions: dg.Definitions):
    """A run has its pools as long as it lasts: a load that hangs must keep neither a build nor another load waiting."""
    for name in JOBS:
        pools = {pool for node in definitions.resolve_job_def(name).nodes for pool in node.definition.pools}
        builds = name in ("build", "close_month")
        assert pools == ({"warehouse"} if builds else {f"{name.removeprefix('load_')}_api"}), name


def test_each_asset_is_made_by_one_job(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]):
    made = {name: definitions.resolve_job_def(name).asset_layer.selected_asset_keys for name in JOBS}
    assert sorted(key.to_user_string() for keys in made.values() for key in keys) == sorted(specs)
    for system in CHOSEN.values():
        assert {tuple(key.path[:2]) for key in made[f"load_{system}"]} == {("raw", system)}
    assert not any(key.path[0] == "raw" for key in made["build"])


def test_each_check_is_made_by_the_job_of_its_asset(definitions: dg.Definitions):
    made = [key for name in JOBS for key in definitions.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys]
    assert sorted(map(str, made)) == sorted(map(str, definitions.resolve_asset_graph().asset_check_keys))


def test_every_raw_object_has_a_blocking_boundary_check(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]):
    graph = definitions.resolve_asset_graph()
    # Whatever was acknowledged is in raw, so that nothing holds back an event.
    for name in (n for n in specs if n.startswith("raw/") and not n.startswith("raw/events/")):
        key = dg.AssetKey(name.split("/"))
        boundary = {"feed": "declared_types", "quarantine": "quarantined_share"}.get(key.path[-1], "boundary")
        assert graph.get_check_spec(dg.AssetCheckKey(key, boundary)).blocking, name


def test_a_late_feed_blocks_nothing(definitions: dg.Definitions):
    assert not definitions.resolve_asset_graph().get_check_spec(FEEDS_ARE_FRESH).blocking


def test_time_and_expenses_are_read_hourly_the_rest_daily_and_builds_follow(definitions: dg.Definitions):
    crons = {name: definitions.resolve_schedule_def(f"{name}_schedule").cron_schedule for name in SCHEDULED}
    hourly = {f"load_{CHOSEN[domain]}" for domain in ("psa", "expense")}
    assert {name for name, cron in crons.items() if "0 5-22 * * *" in cron} == hourly
    assert {name for name, cron in crons.items() if "0 5 * * *" in cron} == set(SCHEDULED) - hourly - {
        "build",
        "close_month",
    }
    assert "30 5-22 * * *" in crons["build"]


def test_more_often_around_the_months_end(definitions: dg.Definitions):
    def runs(name: str, day: int) -> int:
        crons = definitions.resolve_schedule_def(f"{name}_schedule").cron_schedule
        begins = datetime(2026, 4, day, tzinfo=UTC)
        ticks = schedule_execution_time_iterator(begins.timestamp(), list(crons), "UTC", ascending=True)
        return len([*takewhile(lambda tick: tick < begins + timedelta(days=1), ticks)])

    for name, usual, closing in (("load_kantata", 18, 36), ("load_netsuite", 1, 18), ("build", 18, 36)):
        assert [runs(name, day) for day in (15, 30, 1)] == [usual, closing, closing], name
    assert [runs("close_month", day) for day in (1, 5, 6)] == [5, 5, 0]


def test_the_month_that_is_over_is_closed(definitions: dg.Definitions, tmp_path: Path):
    schedule = definitions.resolve_schedule_def("close_month_schedule")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        at = datetime(2026, 5, 1, 6, 10, tzinfo=UTC)
        repository = definitions.get_repository_def()
        context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
        tick = schedule.evaluate_tick(context)
    assert [request.partition_key for request in tick.run_requests or []] == ["2026-04-01"]


def test_a_schedule_does_not_pile_up_runs(definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One run may wait behind one that works; a second one would only build the same once more."""
    schedule = definitions.resolve_schedule_def("build_schedule")
    waiting: dict[str, int] = {}

    def count(_: dg.DagsterInstance, filters: dg.RunsFilter) -> int:
        return waiting.get(str(filters.job_name), 0) if filters.statuses == [dg.DagsterRunStatus.QUEUED] else 99

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        monkeypatch.setattr(dg.DagsterInstance, "get_runs_count", count)

        def due() -> dg.ScheduleExecutionData:
            context = dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 4, 30, 5, 30))
            return schedule.evaluate_tick(context)

        assert due().run_requests
        waiting["load_kantata"] = 1
        assert due().run_requests, "another job's run may wait"
        waiting["build"] = 1
        assert not due().run_requests and "waiting already" in str(due().skip_message)


def test_composition_stays_composition():
    lines = Path(sys.modules["orchestration.definitions"].__file__ or "").read_text("utf-8").splitlines()
    assert len(lines) <= 60


def test_the_manifest_is_made_once(definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch):
    """Dagster reloads its definitions in every process of a run: parsing each time would cost more than the run."""
    monkeypatch.setattr("orchestration.lib.dbt_runtime._parse", lambda project: pytest.fail("parsed again"))
    assert dbt_project().manifest_path.exists()


def test_a_policy_that_cannot_be_used_fails_the_build_before_its_first_model(
    definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The step of the schedules' job itself: dbt is never called, and trying again would change nothing."""
    seeds = Path(shutil.copytree(policies.SEEDS, tmp_path / "seeds"))
    (seeds / "holidays.csv").write_text("holiday_date,name\n2026-25-12,Christmas\n", "utf-8")
    monkeypatch.setattr(policies, "SEEDS", seeds)
    job = definitions.resolve_job_def("build")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_key == "build_models"
    told = failed.event_specific_data.user_failure_data
    assert told.description == (
        "holidays.csv line 2: holiday_date 2026-25-12 is not a day of the calendar; write it as 2026-04-30"
    )
    assert not any(event.is_step_up_for_retry or event.is_step_materialization for event in result.all_events)
    assert not settings().warehouse_path.exists()
