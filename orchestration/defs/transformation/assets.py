"""The dbt project as one set of assets: staging, mapping, canonical, ledger, marts and the policy seeds."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from ingestion.config import settings
from ingestion.http.errors import SourceError
from ingestion.pipelines import prepare
from ingestion.registry import EVENTS, SystemSpec
from ingestion.warehouse import exclusive
from orchestration.lib.dbt_runtime import Dbt, dbt_resource, target_path
from orchestration.lib.dbt_translator import LayerTranslator
from orchestration.lib.freshness import Freshness
from orchestration.lib.names import WAREHOUSE_POOL
from orchestration.policies import PolicyError, require_valid

# What the macro log_row_count writes into dbt's log.
ROW_COUNT = re.compile(r"row_count (\d+)")


def transformation(project: DbtProject, systems: Sequence[SystemSpec], fresh: Freshness) -> dg.Definitions:
    """The assets and checks of the dbt project on the raw data of ``systems``; ``fresh`` is how old they may be."""
    return dg.Definitions(assets=[model_assets(project, systems, fresh)], resources={"dbt": dbt_resource(project)})


def model_assets(project: DbtProject, systems: Sequence[SystemSpec], fresh: Freshness) -> dg.AssetsDefinition:
    """All models, seeds and dbt tests; a test of severity error blocks what is built on its model.

    They are built from what raw holds, whichever loads failed, are late or have never been; but not with a policy that
    cannot be used.
    """

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="build_models",
        dagster_dbt_translator=LayerTranslator(fresh),
        pool=WAREHOUSE_POOL,
    )
    def build_models(context: dg.AssetExecutionContext, dbt: Dbt) -> Iterator[Any]:
        target = target_path()
        results = target / "run_results.json"
        try:
            require_valid()
            with exclusive(settings().warehouse_path):
                prepare([*(system.name for system in systems), EVENTS.name])
                # What an earlier run left must not explain a failure of this one.
                results.unlink(missing_ok=True)
                invocation = dbt.cli(build_arguments(), context=context, target_path=target)
                yield from with_row_counts(invocation, context)
        except (SourceError, PolicyError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        except DagsterDbtCliRuntimeError as error:
            found = json.loads(results.read_text("utf-8")) if results.exists() else {}
            raise dg.Failure(build_failure(found), allow_retries=False) from error

    return build_models


def build_arguments() -> Sequence[str]:
    """The dbt command of a run.

    Unit tests prove the SQL, not the data: they run with the project's tests. The log file keeps what happened
    without every statement, which is in the compiled folder.
    """
    return ["build", "--exclude", "resource_type:unit_test", "--log-level-file", "info"]


def build_failure(run_results: Mapping[str, Any]) -> str:
    """The failed models and tests in one sentence, the first ones with dbt's reason."""
    bad = [r for r in run_results.get("results", []) if r["status"] in ("error", "fail", "runtime error")]
    if not bad:
        return "dbt failed before it built anything; its log is dbt.log in the dbt folder of the data directory"
    reasons = (f"{r['unique_id'].split('.', 2)[-1]} ({' '.join(str(r['message']).split())[:300]})" for r in bad[:3])
    rest = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    return f"dbt: {len(bad)} model(s) or test(s) failed: {'; '.join(reasons)}{rest}"


def with_row_counts(invocation: DbtCliInvocation, context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Dagster's events of a running dbt command, as they come; tables carry the rows that their post-hook counted.

    dagster-dbt's own row counts would hold back every event until dbt has ended.
    """
    rows: dict[str, int] = {}
    for message in invocation.stream_raw_events():
        unique_id = message.raw_event["data"].get("node_info", {}).get("unique_id")
        if counted := ROW_COUNT.fullmatch(message.raw_event["info"].get("msg") or ""):
            rows[unique_id] = int(counted.group(1))
            continue
        for event in message.to_default_asset_events(
            manifest=invocation.manifest,
            dagster_dbt_translator=invocation.dagster_dbt_translator,
            context=context,
            target_path=invocation.target_path,
            project=invocation.project,
        ):
            if isinstance(event, dg.Output) and unique_id in rows:
                event = event.with_metadata({**event.metadata, "dagster/row_count": rows[unique_id]})
            yield event
