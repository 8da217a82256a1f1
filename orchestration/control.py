"""What the project keeps itself, in the schema ``control`` of the warehouse: decisions, attempts to load, alerts sent.

Rows are appended and never changed, and no build touches them. Their columns are those of the macro ``control_tables``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from ingestion.config import ConfigurationError, settings
from ingestion.http.errors import SourceError
from ingestion.warehouse import exclusive
from orchestration.policies.project import literal

Row = dict[str, Any]
_TYPES = {"string": "varchar"}


def append(table: str, rows: Sequence[Row], purpose: str, *, create: bool = False) -> None:
    """Append ``rows``, all of them or none. ``purpose`` says in the error what could not be kept: "the decision".

    Raises ConfigurationError when the warehouse cannot be written, or is not there and shall not be created.
    """
    with _opened(purpose, create=create) as connection:
        _create(connection, table)
        connection.execute("begin")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"insert into control.{table} ({', '.join(row)}) values ({marks})", [*row.values()])
        connection.execute("commit")


def read(table: str, purpose: str) -> list[Row]:
    """All rows of a table, the oldest first as they were appended; raises as ``append``."""
    with _opened(purpose) as connection:
        _create(connection, table)
        cursor = connection.execute(f"select * from control.{table} order by rowid")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


@contextmanager
def _opened(purpose: str, *, create: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    warehouse = settings().warehouse_path
    if not create and not warehouse.exists():
        raise ConfigurationError(f"{warehouse}: there is no warehouse to keep {purpose} in; type `leakage run` first")
    try:
        with exclusive(warehouse), duckdb.connect(str(warehouse)) as connection:
            yield connection
    except SourceError as busy:
        raise ConfigurationError(str(busy)) from None
    except duckdb.IOException:
        raise ConfigurationError(f"{warehouse}: another program has it open; close that and try again") from None


def _create(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Create the table where a warehouse of an earlier version has none; dbt does the same before each build."""
    columns: dict[str, str] = literal("control.sql", "control_tables")[table]
    connection.execute("create schema if not exists control")
    typed = ", ".join(f"{name} {_TYPES.get(kind, kind)}" for name, kind in columns.items())
    connection.execute(f"create table if not exists control.{table} ({typed})")
