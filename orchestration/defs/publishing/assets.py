"""The asset ``published/bi_snapshot``: what BI clients read, swapped in after every check has passed."""

from collections.abc import Iterable

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

from ingestion.config import settings
from ingestion.http.errors import SourceError
from ingestion.warehouse import exclusive
from orchestration.lib.dbt_runtime import published_texts
from orchestration.lib.freshness import Freshness
from orchestration.lib.names import WAREHOUSE_POOL, team
from orchestration.publish import SCHEMAS, PublishError, publish

BI_SNAPSHOT = dg.AssetKey(["published", "bi_snapshot"])


def publishing(assets: Iterable[dg.AssetKey], checks: Iterable[dg.AssetCheckKey], fresh: Freshness) -> dg.Definitions:
    """The snapshot of those ``assets`` that are in a published layer; no failed one of ``checks`` lets it through."""
    published = sorted(key for key in assets if key.path[0] in SCHEMAS)
    gate = sorted(checks, key=lambda check: check.to_user_string())

    @dg.asset(
        key=BI_SNAPSHOT,
        deps=published,
        group_name="published",
        owners=[team("data-engineering")],
        kinds={"duckdb", "parquet"},
        pool=WAREHOUSE_POOL,
        freshness_policy=fresh.published,
        description=(
            "Canonical, ledger and marts for BI clients: a read-only DuckDB file and Parquet, with comments and a data "
            "dictionary, swapped in as a whole. A failed check publishes nothing and the last good copy stays."
        ),
    )
    def bi_snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        if failed := failed_checks(context.instance, gate):
            names = ", ".join(key.to_user_string() for key in failed[:5])
            raise dg.Failure(
                f"nothing published, the last good copy stays: {len(failed)} check(s) failed or did not run ({names}); "
                "repair what they found and run the job again",
                allow_retries=False,
            )
        conf = settings()
        try:
            with exclusive(conf.warehouse_path):
                done = publish(conf.warehouse_path, conf.published_dir, context.run.run_id, published_texts())
        except (PublishError, SourceError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return dg.MaterializeResult(
            metadata={
                "database": dg.MetadataValue.path(str(done.database)),
                "parquet": dg.MetadataValue.path(str(done.parquet)),
                "dagster/row_count": sum(done.rows.values()),
                "tables": dg.MetadataValue.table(
                    [dg.TableRecord({"table": name, "rows": rows}) for name, rows in done.rows.items()]
                ),
            }
        )

    return dg.Definitions(assets=[bi_snapshot])


def failed_checks(instance: dg.DagsterInstance, checks: Iterable[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
    """Those of ``checks`` whose latest evaluation failed with severity error, or that did not look at what was loaded.

    Within a job the graph itself waits for blocking checks; this also holds when somebody materialises the snapshot
    alone after a failed run.
    """
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(checks))
    return [key for key, record in latest.items() if _holds_back(instance, key, record)]


def _holds_back(instance: dg.DagsterInstance, key: dg.AssetCheckKey, record: AssetCheckExecutionRecord) -> bool:
    if record.status not in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES:
        # Planned in a run that did not get to it: what that run loaded is unchecked; when it loaded nothing, what the
        # check found before still holds.
        loaded = instance.get_latest_materialization_event(key.asset_key)
        if loaded and loaded.run_id == record.run_id:
            return True
        earlier = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
        )
        if not earlier:
            return False
        record = earlier[0]
    event = record.event.dagster_event if record.event else None
    found = event.event_specific_data if event else None
    return isinstance(found, dg.AssetCheckEvaluation) and bool(
        not found.passed and found.blocking and found.severity is dg.AssetCheckSeverity.ERROR
    )
