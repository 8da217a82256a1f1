"""One load per enabled system: what its dlt source reads becomes the assets ``raw/<system>/...``, checked at once.

The load and its checks are one step: when some objects cannot be read the step fails, and a step that waits for it would
never look at what was loaded of the others.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg
from pydantic import Field

from ingestion.config import settings
from ingestion.http.errors import PartialLoadError, PermanentError, SourceError
from ingestion.pipelines import existing_tables, pipeline_for
from ingestion.registry import SystemSpec
from ingestion.warehouse import exclusive
from orchestration.defs.ingestion.drops import drops_of, tell_drops
from orchestration.defs.quality.checks import boundary_results, boundary_specs
from orchestration.lib.freshness import Freshness
from orchestration.lib.loader import Loader
from orchestration.lib.names import FEED, QUARANTINE, UNREAD, load_step, vendor_pool
from orchestration.lib.raw_specs import raw_specs

# The session has already retried with backoff; this covers a vendor that is away for longer, and then gives up.
LOAD_RETRIES = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Reading(dg.Config):
    """How a system is read; in the launchpad of its job it can be told to read everything again."""

    whole: bool = Field(
        default=False,
        description="Ask for every record, as the first load did, not only for what has changed since the last one.",
    )


def ingestion(systems: Sequence[SystemSpec], loader: Loader, fresh: Freshness, *, expect_rows: bool) -> dg.Definitions:
    """The load assets of ``systems``; ``loader`` reads them, ``fresh`` says how often it has to.

    ``expect_rows`` is that of ``boundary_results``.
    """
    assets = [load_assets(spec, fresh, expect_rows=expect_rows) for spec in systems]
    drops = [drops_of(spec) for spec in systems if spec.takes_files]
    return dg.Definitions(assets=[*assets, *drops], resources={"loader": loader})


def load_assets(system: SystemSpec, fresh: Freshness, *, expect_rows: bool) -> dg.AssetsDefinition:
    """The raw assets of one system, loaded and checked by one op; assets and checks can be selected one by one.

    Objects that could not be read are not materialised and fail the step, after everything else was loaded and checked.
    """
    specs = raw_specs(system, fresh.raw.get(system.name))

    @dg.multi_asset(
        name=load_step(system.name),
        specs=specs,
        check_specs=boundary_specs(system),
        can_subset=True,
        pool=vendor_pool(system.name),
        retry_policy=LOAD_RETRIES,
    )
    def load(
        context: dg.AssetExecutionContext, config: Reading, loader: dg.ResourceParam[Loader]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = {spec.key.path[-1]: spec.key for spec in specs if spec.key in context.selected_asset_keys}
        failure: PartialLoadError | None = None
        if selected:
            try:
                # Settings and credentials are read now, never when the graph is drawn.
                loaded = loader.load(system.name, selected.keys() & system.objects.keys(), whole=config.whole)
                counts = _row_counts(system, loaded.since)
                if system.takes_files:
                    tell_drops(context, system, loaded.since)
            except SourceError as error:
                raise load_failure(error, loader.may_repeat) from error
            failure = loaded.failure
            for name, key in selected.items():
                if failure is None or name not in failure.failures:
                    yield dg.MaterializeResult(asset_key=key, metadata=counts.get(name, {}))
        # What was read of a failed object before it failed is checked too, but there need not be anything.
        may_be_empty = system.objects if not expect_rows else failure.failures if failure else ()
        yield from boundary_results(system, context.run.run_id, context.selected_asset_check_keys, may_be_empty)
        if failure:
            raise load_failure(failure, loader.may_repeat) from failure

    return load


def load_failure(error: SourceError, may_repeat: bool = True) -> dg.Failure:
    """The failed load in one sentence; what cannot succeed by trying again is not retried.

    The metadata ``unread`` name the objects that could not be read where the others were.
    """
    return dg.Failure(
        description=str(error),
        metadata={UNREAD: sorted(error.failures)} if isinstance(error, PartialLoadError) else None,
        allow_retries=may_repeat and not isinstance(error, PermanentError),
    )


def _row_counts(system: SystemSpec, since: datetime) -> dict[str, dict[str, object]]:
    """Per table what this load received and how many rows the table holds now."""
    pipeline = pipeline_for(system.name)
    dataset = pipeline.dataset_name
    found: dict[str, dict[str, object]] = {}
    with exclusive(settings().warehouse_path), pipeline.sql_client() as client:
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
        for name in existing_tables(pipeline) & {*system.objects, FEED, QUARANTINE}:
            (count,) = (client.execute_sql(f"select count(*) from {dataset}.{name}") or [(0,)])[0]
            found.setdefault(name, {})["dagster/row_count"] = count
    return found
