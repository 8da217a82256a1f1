"""One load per enabled system: what its dlt source reads becomes the assets ``raw/<system>/...``."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster_dlt import DagsterDltResource
from dlt import Pipeline
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.http.errors import PermanentError, SourceError
from ingestion.pipelines import pipeline_for, settle, source_error, source_for
from ingestion.registry import SystemSpec
from orchestration.lib.dlt_translator import RawTranslator
from orchestration.lib.names import FEED, QUARANTINE, raw_key, vendor_pool

# The session has already retried with backoff; this covers a vendor that is away for longer, and then gives up.
LOAD_RETRIES = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def ingestion(systems: Sequence[SystemSpec]) -> dg.Definitions:
    """The load assets of ``systems``."""
    return dg.Definitions(assets=[load_assets(spec) for spec in systems], resources={"dlt": DagsterDltResource()})


def load_assets(system: SystemSpec) -> dg.AssetsDefinition:
    """The raw assets of one system, loaded by one op; its objects can be selected one by one."""
    translator = RawTranslator(system)

    @dg.multi_asset(
        name=f"load_{system.name}",
        specs=[*map(translator.object_spec, system.objects.values()), *translator.side_specs()],
        can_subset=True,
        pool=vendor_pool(system.name),
        retry_policy=LOAD_RETRIES,
    )
    def load(context: dg.AssetExecutionContext, dlt: DagsterDltResource) -> Iterator[dg.MaterializeResult]:
        started = datetime.now(UTC)
        # Built when the load runs: settings and credentials are read here, never when the graph is drawn.
        pipeline = pipeline_for(system.name)
        try:
            settle(pipeline)
            results = list(
                dlt.run(
                    context=context,
                    dlt_source=source_for(system.name),
                    dlt_pipeline=pipeline,
                    dagster_dlt_translator=translator,
                    loader_file_format="parquet",
                )
            )
        except (PipelineStepFailed, SourceError) as failure:
            raise load_failure(system.name, failure) from failure
        counts = _row_counts(pipeline, system, started)
        for result in results:
            assert isinstance(result, dg.MaterializeResult) and result.asset_key
            yield dg.MaterializeResult(asset_key=result.asset_key, metadata=counts.get(result.asset_key.path[-1], {}))
        for side_table in (FEED, QUARANTINE):
            if raw_key(system.name, side_table) in context.selected_asset_keys:
                yield dg.MaterializeResult(
                    asset_key=raw_key(system.name, side_table), metadata=counts.get(side_table, {})
                )

    return load


def load_failure(system: str, failure: BaseException) -> dg.Failure:
    """The failed load in one sentence; what cannot succeed by trying again is not retried."""
    error = source_error(system, failure)
    return dg.Failure(description=str(error), allow_retries=not isinstance(error, PermanentError))


def _row_counts(pipeline: Pipeline, system: SystemSpec, since: datetime) -> dict[str, dict[str, object]]:
    """Per table what this load received and how many rows the table holds now."""
    dataset = pipeline.dataset_name
    found: dict[str, dict[str, object]] = {}
    with pipeline.sql_client() as client:
        feed = client.execute_sql(
            f"select object, records_received, versions_appended, tombstones, quarantined, complete_through "
            f"from {dataset}.feed where _extracted_at >= %s",
            since,
        )
        for name, received, appended, gone, quarantined, complete_through in feed or []:
            found[name] = {
                "records_received": received,
                "versions_appended": appended,
                "tombstones": gone,
                "quarantined": quarantined,
            }
            if complete_through is not None:
                found[name]["complete_through"] = dg.MetadataValue.timestamp(complete_through)
        tables = {row[0] for row in client.execute_sql(_TABLES, dataset) or []}
        for name in (*system.objects, FEED, QUARANTINE):
            if name in tables:
                (count,) = (client.execute_sql(f"select count(*) from {dataset}.{name}") or [(0,)])[0]
                found.setdefault(name, {})["dagster/row_count"] = count
    return found


_TABLES = "select table_name from information_schema.tables where table_schema = %s"
