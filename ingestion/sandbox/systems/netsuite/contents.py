"""All tables of the vendor for the facts that it has heard of."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from ingestion.sandbox.systems.netsuite.books import add_books
from ingestion.sandbox.systems.netsuite.contracts import add_contracts
from ingestion.sandbox.systems.netsuite.deletions import add_deletions
from ingestion.sandbox.systems.netsuite.ids import Ids
from ingestion.sandbox.systems.netsuite.integration import add_integration_log
from ingestion.sandbox.systems.netsuite.master_data import add_master_data
from ingestion.sandbox.systems.netsuite.receivables import add_receivables
from ingestion.sandbox.systems.netsuite.records import Builder
from ingestion.sandbox.systems.netsuite.revenue import add_revenue
from ingestion.sandbox.world import VendorSystem


def contents_of(system: VendorSystem, ids: Ids, zone: ZoneInfo) -> dict[str, list[dict[str, Any]]]:
    """Records by table, ready to be loaded; local times are those of ``zone``."""
    builder = Builder(system, ids, zone)
    add_master_data(builder)
    builder.add_documents()
    add_contracts(builder)
    add_receivables(builder)
    add_revenue(builder)
    add_books(builder)
    add_integration_log(builder)
    add_deletions(builder)
    # What the other records name, and so after them.
    builder.add_lists()
    return dict(builder.rows)
