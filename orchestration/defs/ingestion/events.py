"""The event inbox: what the gateway received becomes ``raw/events/...``, and says which systems have news."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from ingestion.config import settings
from ingestion.http.errors import SourceError
from ingestion.pipelines import pipeline_for
from ingestion.registry import EVENTS
from ingestion.sources.events import drain
from ingestion.warehouse import exclusive
from orchestration.defs.ingestion.assets import LOAD_RETRIES, load_failure
from orchestration.lib.names import load_step, vendor_pool
from orchestration.lib.raw_specs import raw_specs

# The metadata of ``raw/events/event`` that names who sent what this drain took.
SENDERS = "senders"


def event_inbox() -> dg.Definitions:
    """The assets of the event inbox; one op drains it."""
    specs = raw_specs(EVENTS)

    @dg.multi_asset(name=load_step(EVENTS.name), specs=specs, pool=vendor_pool(EVENTS.name), retry_policy=LOAD_RETRIES)
    def drain_inbox(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        since = datetime.now(UTC)
        try:
            drained = drain()
            senders = _senders(since) if drained else []
        except SourceError as error:
            raise load_failure(error) from error
        for spec in specs:
            told = {"events": drained, SENDERS: senders} if spec.key.path[-1] in EVENTS.objects else {}
            yield dg.MaterializeResult(asset_key=spec.key, metadata=told)

    return dg.Definitions(assets=[drain_inbox])


def _senders(since: datetime) -> list[str]:
    """Who sent the events that were appended to raw since; an event that was there before is no news."""
    pipeline = pipeline_for(EVENTS.name)
    with exclusive(settings().warehouse_path), pipeline.sql_client() as client:
        found = client.execute_sql(
            f"select distinct source from {pipeline.dataset_name}.event where _extracted_at >= %s order by source",
            since,
        )
    return [sender for (sender,) in found or []]
