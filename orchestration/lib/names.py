"""Names in the asset graph: keys by layer, groups that nest, owners as teams."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.execution.plan.objects import StepFailureData

# What ``define_asset_job`` returns; Dagster has no public name for it.
AssetJob = UnresolvedAssetJobDefinition
WAREHOUSE_POOL = "warehouse"
# The job that builds everything below raw from what raw holds.
BUILD_JOB = "build"
# Side tables of each raw schema, written by every load of the system.
FEED = "feed"
QUARANTINE = "quarantine"
# The metadata of a load's failure that name the objects that could not be read where the others were.
UNREAD = "unread"


def raw_key(system: str, table: str) -> dg.AssetKey:
    """``raw/<system>/<object>``: what the vendor sent."""
    return dg.AssetKey(["raw", system, table])


def raw_group(system: str) -> str:
    """The group of a system's raw assets."""
    return f"ingestion/{system}"


def load_job(system: str) -> str:
    """The job that reads one system and checks what it sent."""
    return f"load_{system}"


def load_step(system: str) -> str:
    """The step of that job that reads; Dagster wants names of steps and jobs to differ."""
    return f"read_{system}"


def unread(failure: StepFailureData | None) -> list[str]:
    """The objects of a system that a failed load could not read; none when it could read nothing."""
    said = failure.user_failure_data if failure else None
    found = said.metadata.get(UNREAD) if said else None
    return [str(name) for name in found.value] if isinstance(found, dg.JsonMetadataValue) else []


def vendor_pool(system: str) -> str:
    """The pool that lets one run at a time read a vendor and use its rate limit."""
    return f"{system}_api"


def team(owner: str) -> str:
    """An owner as Dagster wants it: a team, unless it is an e-mail address."""
    return owner if "@" in owner or owner.startswith("team:") else f"team:{owner}"
