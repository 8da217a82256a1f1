"""Everything that Dagster knows of this project, put together; each part is defined in its own folder of ``defs``.

Loading this needs no network, no credentials and no warehouse: ``dagster dev``, the schedules and ``leakage run`` draw
and run the same graph. What is enabled comes from the settings (``LEAKAGE_SYSTEMS``) at the moment of loading.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from ingestion.config import settings
from ingestion.registry import SYSTEMS
from orchestration.defs.automation.jobs import automation
from orchestration.defs.ingestion.assets import ingestion
from orchestration.defs.ingestion.events import event_inbox
from orchestration.defs.publishing.assets import publishing
from orchestration.defs.publishing.month_close import month_close
from orchestration.defs.quality.checks import quality
from orchestration.defs.transformation.assets import transformation
from orchestration.lib.dbt_runtime import dbt_project
from orchestration.lib.freshness import freshness
from orchestration.lib.loader import Loader


def build_definitions(*, expect_rows: bool = True, loader: Loader | None = None) -> dg.Definitions:
    """The definitions for the current settings; raises ConfigurationError when a setting cannot be used.

    ``expect_rows`` is False for data that is a handful of cases rather than a firm, where a system may well hold no
    record of some kind: an empty raw object is then no failure. ``loader`` reads the systems for the load jobs.
    """
    chosen = settings().systems
    systems = [SYSTEMS[name] for name in dict.fromkeys(chosen.values())]
    project, fresh = dbt_project(), freshness(chosen)
    layers = dg.Definitions.merge(
        dg.Definitions(executor=dg.in_process_executor),
        ingestion(systems, loader or Loader(), fresh, expect_rows=expect_rows),
        event_inbox(),
        transformation(project, systems, fresh),
        quality(chosen),
    )
    graph = layers.resolve_asset_graph()
    checks = graph.asset_check_keys
    built = dg.Definitions.merge(layers, publishing(graph.get_all_asset_keys(), checks, fresh), month_close(checks))
    parsed_at = datetime.fromtimestamp(project.manifest_path.stat().st_mtime, UTC)
    return dg.Definitions.merge(built, automation(chosen, built, parsed_at))


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster dev`` and the code server load."""
    return build_definitions()
