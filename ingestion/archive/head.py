"""The end of each chain, kept in the warehouse too: whoever cuts off the tail of a manifest would have to change both."""

from __future__ import annotations

from pathlib import Path

import dlt
import duckdb

from ingestion.archive.chain import Link
from ingestion.warehouse import exclusive

_TABLE = "control.archive_head"


def keep_head(pipeline: dlt.Pipeline, system: str, head: Link) -> None:
    """Remember ``head`` as the end of the chain of ``system``; the caller has the warehouse to itself."""
    with pipeline.sql_client() as client:
        client.execute_sql("create schema if not exists control")
        client.execute_sql(
            f"create table if not exists {_TABLE} (system text primary key, entry_number bigint, entry_hash text)"
        )
        client.execute_sql(f"insert or replace into {_TABLE} values (%s, %s, %s)", system, head.number, head.hash)


def heads(warehouse: Path) -> dict[str, Link]:
    """The remembered ends by system; none when the warehouse does not exist or is older than the archive."""
    if not warehouse.exists():
        return {}
    with exclusive(warehouse), duckdb.connect(str(warehouse), read_only=True) as connection:
        try:
            found = connection.execute(f"select system, entry_number, entry_hash from {_TABLE}").fetchall()
        except duckdb.CatalogException:
            return {}
    return {system: Link(number, entry_hash) for system, number, entry_hash in found}
