"""Any subset of the systems, down to none, loads as definitions, builds and publishes, with the same columns everywhere.

No vendor is asked: raw is as it is before the first load, every declared table typed and empty.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ingestion.config import settings
from ingestion.pipelines import prepare
from ingestion.registry import EVENTS, SYSTEMS
from ingestion.warehouse import exclusive
from orchestration.definitions import build_definitions
from orchestration.environment import environment
from orchestration.lib.dbt_runtime import PROJECT_DIR, run_dbt
from orchestration.publish import SCHEMAS
from orchestration.run import execute

AS_OF = "2026-04-30"
SINGLE = [f"{domain}={system.name}" for system in SYSTEMS.values() for domain in sorted(system.domains)]
Columns = dict[str, list[tuple[str, str]]]

pytestmark = pytest.mark.matrix


def columns(database: Path) -> Columns:
    """Name and type of every column by table, from canonical on."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns "
            f"where table_schema in {SCHEMAS} order by table_schema, table_name, ordinal_position"
        ).fetchall()
    found: Columns = {}
    for table, column, kind in rows:
        found.setdefault(table, []).append((column, kind))
    return found


@pytest.fixture(scope="module")
def of_none(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    """What a whole run without any system publishes."""
    data_dir = tmp_path_factory.mktemp("none")
    with environment({"LEAKAGE_SYSTEMS": "", "LEAKAGE_DATA_DIR": str(data_dir), "LEAKAGE_AS_OF": AS_OF}):
        result = execute(expect_rows=False, keep_history=False)
        loads_as_definitions("")
    assert result.ok and result.warnings == [], (result.failures, result.warnings)
    assert "raw" not in result.stages and result.stages["published"] == 1
    return columns(data_dir / "published" / "leakage.duckdb")


def test_without_any_system_every_mart_is_there_typed_and_empty(of_none: Columns) -> None:
    assert {"marts.leakage__findings", "marts.operations__feed_health", "ledger.ledger__items"} <= of_none.keys()
    models = [p.stem for layer in SCHEMAS for p in (PROJECT_DIR / "models" / layer).rglob("*.sql")]
    assert sorted(table.split(".")[1] for table in of_none) == sorted(models)


def test_the_default_systems_publish_the_same_columns_as_none(of_none: Columns, shared_firm: Path) -> None:
    assert columns(shared_firm / "published" / "leakage.duckdb") == of_none


@pytest.mark.parametrize("systems", SINGLE)
def test_every_subset_builds_the_same_canonical_columns(systems: str, of_none: Columns, tmp_path: Path) -> None:
    """What stands on canonical depends on its columns alone, so it is built once and not for every subset."""
    with environment({"LEAKAGE_SYSTEMS": systems, "LEAKAGE_DATA_DIR": str(tmp_path), "LEAKAGE_AS_OF": AS_OF}):
        loads_as_definitions(systems)
        warehouse = settings().warehouse_path
        with exclusive(warehouse):
            prepare([*settings().systems.values(), EVENTS.name])
            build("--select", "+path:models/canonical", "+operations__feed_health")
    built = columns(warehouse)
    assert built == {table: of_none[table] for table in built}
    assert {table for table in of_none if table.startswith("canonical.")} <= built.keys()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        feeds = connection.execute(
            "select distinct source_domain || '=' || source_system, status from marts.operations__feed_health order by 1"
        ).fetchall()
    assert feeds == [(pair, "never_loaded") for pair in sorted(systems.split(","))]


def loads_as_definitions(systems: str) -> None:
    """Dagster's graph has the raw assets and jobs of just these systems and the inbox, and nothing from nowhere."""
    loaded = build_definitions(expect_rows=False)
    graph = loaded.resolve_asset_graph()
    chosen = {"events", *(pair.split("=")[1] for pair in systems.split(",") if pair)}
    assert {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "raw"} == chosen
    kept = {"control/finding_decision", "control/exception_decision", "control/load_attempt"}
    dropped = {
        f"raw/{system.name}/drops" for system in SYSTEMS.values() if system.takes_files and system.name in chosen
    }
    assert {key.to_user_string() for key in graph.external_asset_keys} == kept | dropped
    jobs = {job.name for job in loaded.resolve_all_job_defs() if not job.name.startswith("__")}
    assert jobs == {"build", "close_month", "send_alerts", "prune_archive", *(f"load_{system}" for system in chosen)}


def build(*selection: str) -> None:
    """The models of a run; their tests have passed on tables as empty as these, in the run without any system."""
    done = run_dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test", *selection)
    assert done.returncode == 0, done.stdout[-5000:]
