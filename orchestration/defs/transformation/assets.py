"""The dbt project as one set of assets: staging, mapping, canonical, ledger, marts and the policy seeds."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from ingestion.config import settings
from orchestration.lib.dbt_runtime import Dbt, dbt_resource
from orchestration.lib.dbt_translator import LayerTranslator
from orchestration.lib.names import WAREHOUSE_POOL
from orchestration.lib.progress import announce


def transformation(project: DbtProject) -> dg.Definitions:
    """The assets and checks of the dbt project."""
    return dg.Definitions(assets=[model_assets(project)], resources={"dbt": dbt_resource(project)})


def model_assets(project: DbtProject) -> dg.AssetsDefinition:
    """All models, seeds and dbt tests; a test of severity error blocks what is built on its model."""

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="build_models",
        dagster_dbt_translator=LayerTranslator(),
        pool=WAREHOUSE_POOL,
    )
    def build_models(context: dg.AssetExecutionContext, dbt: Dbt) -> Iterator[Any]:
        invocation = dbt.cli(build_arguments(), context=context, target_path=project.manifest_path.parent)
        events: list[Any] = []
        failure: DagsterDbtCliRuntimeError | None = None
        try:
            for event in invocation.stream():
                if isinstance(event, dg.Output):
                    announce(tuple(context.asset_key_for_output(event.output_name).path))
                events.append(event)
        except DagsterDbtCliRuntimeError as error:
            failure = error
        # Rows are counted when dbt has let go of the warehouse: a file that is being written cannot be read.
        yield from with_row_counts(events, invocation.manifest["nodes"], settings().warehouse_path)
        if failure:
            description = build_failure(invocation.get_artifact("run_results.json"))
            raise dg.Failure(description, allow_retries=False) from failure

    return build_models


def build_arguments() -> Sequence[str]:
    """The dbt command of a run. Unit tests prove the SQL, not the data: they run with the project's tests."""
    return ["build", "--exclude", "resource_type:unit_test"]


def build_failure(run_results: Mapping[str, Any]) -> str:
    """The failed models and tests in one sentence, the first ones with dbt's reason."""
    bad = [r for r in run_results.get("results", []) if r["status"] in ("error", "fail", "runtime error")]
    if not bad:
        return "dbt failed before it built anything; its log is dbt.log in the dbt folder of the data directory"
    reasons = (f"{r['unique_id'].split('.', 2)[-1]} ({' '.join(str(r['message']).split())[:300]})" for r in bad[:3])
    rest = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    return f"dbt: {len(bad)} model(s) or test(s) failed: {'; '.join(reasons)}{rest}"


def with_row_counts(events: Sequence[Any], nodes: Mapping[str, Any], warehouse: Path) -> Iterator[Any]:
    """The dbt events, those of tables and seeds with the number of rows in the warehouse."""
    relations = {id(event): _table(event, nodes) for event in events if isinstance(event, dg.Output)}
    tables = sorted({table for table in relations.values() if table})
    counts: dict[str, int] = {}
    if tables and warehouse.exists():
        selects = " union all ".join(f"select '{table}', count(*) from {table}" for table in tables)
        with duckdb.connect(warehouse, read_only=True) as connection:
            counts = dict(connection.execute(selects).fetchall())
    for event in events:
        count = counts.get(relations.get(id(event)) or "")
        yield event if count is None else event.with_metadata({**event.metadata, "dagster/row_count": count})


def _table(event: dg.Output[Any], nodes: Mapping[str, Any]) -> str | None:
    """``schema.table`` of a built node; None for a view, whose count would run its query again."""
    node = nodes[event.metadata["unique_id"].value]
    is_view = node["config"].get("materialized") in ("view", "ephemeral")
    return None if is_view else f"{node['schema']}.{node.get('alias') or node['name']}"
