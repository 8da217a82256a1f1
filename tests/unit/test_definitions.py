"""The asset graph as Dagster loads it: what is in it, what depends on what, and that loading it needs nothing else.

``UPDATE_SNAPSHOTS=1 uv run pytest tests/unit/test_definitions.py`` writes the snapshot anew; review it as a diff.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.config import DEFAULT_SYSTEMS
from ingestion.registry import SYSTEMS
from orchestration.definitions import build_definitions
from orchestration.lib.dbt_runtime import dbt_project

SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"
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


@pytest.fixture(scope="module")
def definitions(environment: pytest.MonkeyPatch) -> dg.Definitions:
    """All default systems, from a clone that has no manifest yet."""
    return build_definitions()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_graph_is_the_reviewed_one(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]):
    graph = definitions.resolve_asset_graph()
    now: dict[str, Any] = {
        "assets": {
            name: {
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            }
            for name, spec in sorted(specs.items())
        },
        "checks": {
            key.to_user_string(): "blocking" if graph.get_check_spec(key).blocking else "shown"
            for key in sorted(graph.asset_check_keys)
        },
        "jobs": {
            name: sorted({key.path[0] for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys})
            for name in ("daily", "hourly")
        },
        "schedules": {
            s.name: {
                "cron": s.cron_schedule,
                "job": s.job_name,
                "status": s.default_status.value,
                "zone": s.execution_timezone,
            }
            for s in map(definitions.resolve_schedule_def, ("daily_schedule", "hourly_schedule"))
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
    assert definitions.resolve_asset_graph().external_asset_keys == set()


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
    enabled = {pair.split("=")[1] for pair in DEFAULT_SYSTEMS.split(",")}
    assert {n for n in specs if n.startswith("raw/")} == {n for n in expected if n.split("/")[1] in enabled}


def test_the_snapshot_for_bi_waits_for_everything_it_publishes(specs: dict[str, dg.AssetSpec]):
    published = {dep.asset_key.to_user_string() for dep in specs["published/bi_snapshot"].deps}
    assert published == {name for name in specs if name.split("/")[0] in ("canonical", "ledger", "marts")}


def test_what_is_built_waits_for_what_was_checked(definitions: dg.Definitions):
    job = definitions.resolve_job_def("daily")
    waits = {
        node.alias or node.name: {step.node for found in inputs.values() for step in found.get_node_dependencies()}
        for node, inputs in job.dependencies.items()
    }
    enabled = [pair.split("=")[1] for pair in DEFAULT_SYSTEMS.split(",")]
    assert waits["build_models"] == {f"{step}_{system}" for step in ("load", "validate") for system in enabled}
    assert waits["reconcile"] == {"build_models"}
    assert waits["published__bi_snapshot"] == {"build_models", "reconcile"}


def test_one_writer_and_one_caller_per_vendor(definitions: dg.Definitions):
    pools = {node.name: node.definition.pools for node in definitions.resolve_job_def("daily").nodes}
    for name, found in pools.items():
        vendor = name.removeprefix("load_")
        assert found == ({f"{vendor}_api"} if name.startswith("load_") else {"warehouse"}), name


def test_every_raw_object_has_a_blocking_boundary_check(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]):
    graph = definitions.resolve_asset_graph()
    for name in (n for n in specs if n.startswith("raw/")):
        key = dg.AssetKey(name.split("/"))
        boundary = {"feed": "freshness", "quarantine": "quarantined_share"}.get(key.path[-1], "boundary")
        assert graph.get_check_spec(dg.AssetCheckKey(key, boundary)).blocking, name


def test_hourly_leaves_the_other_systems_alone(definitions: dg.Definitions):
    selected = definitions.resolve_job_def("hourly").asset_layer.selected_asset_keys
    chosen = dict(pair.split("=") for pair in DEFAULT_SYSTEMS.split(","))
    assert {k.path[1] for k in selected if k.path[0] == "raw"} == {chosen["psa"], chosen["expense"]}
    assert dg.AssetKey(["published", "bi_snapshot"]) in selected


def test_composition_stays_composition():
    lines = Path(sys.modules["orchestration.definitions"].__file__ or "").read_text("utf-8").splitlines()
    assert len(lines) <= 60


def test_the_manifest_is_made_once(definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch):
    """Dagster reloads its definitions in every process of a run: parsing each time would cost more than the run."""
    monkeypatch.setattr("orchestration.lib.dbt_runtime._parse", lambda project: pytest.fail("parsed again"))
    assert dbt_project().manifest_path.exists()


@pytest.mark.parametrize("systems", ["", "crm=salesforce", "psa=kantata,expense=concur"])
def test_any_subset_of_systems_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systems: str):
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEAKAGE_SYSTEMS", systems)
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    loaded = build_definitions()
    graph = loaded.resolve_asset_graph()
    raw = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "raw"}
    chosen = dict(pair.split("=") for pair in systems.split(",") if pair)
    assert raw == set(chosen.values())
    assert graph.external_asset_keys == set()
    jobs = {job.name for job in loaded.resolve_all_job_defs()}
    assert ("hourly" in jobs) == bool({"psa", "expense"} & set(chosen))
    assert "daily" in jobs
