"""Names in the asset graph: keys by layer, groups that nest, owners as teams."""

from __future__ import annotations

import dagster as dg

WAREHOUSE_POOL = "warehouse"
# Side tables of each raw schema, written by every load of the system.
FEED = "feed"
QUARANTINE = "quarantine"


def raw_key(system: str, table: str) -> dg.AssetKey:
    """``raw/<system>/<object>``: what the vendor sent."""
    return dg.AssetKey(["raw", system, table])


def vendor_pool(system: str) -> str:
    """The pool that keeps two loads from using one vendor's rate limit at the same time."""
    return f"{system}_api"


def team(owner: str) -> str:
    """An owner as Dagster wants it: a team, unless it is an e-mail address."""
    return owner if "@" in owner or owner.startswith("team:") else f"team:{owner}"
