"""The copy that BI clients read: canonical, ledger and marts as one read-only DuckDB file and as Parquet.

Readers never touch the warehouse that a run is building. A publication is written aside and swapped in by one rename:
a reader sees the previous run or this one as a whole, and whoever has the previous one open keeps reading it.

``<data_dir>/published/leakage.duckdb`` holds the three schemas with table and column comments, the policies that held,
``main.data_dictionary`` (comments get lost in some clients), ``main.published_run``, and in ``main.published_rules`` the SQL
that the ledger was made by: whoever asks about a record that is not in it yet applies the same.
``<data_dir>/published/parquet/current`` points to the folder of the same run, one file per table below its schema's folder.
``orchestration.publications`` keeps the last ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration import publications

SCHEMAS = ("canonical", "ledger", "marts")
# The policies that they were made with come along.
COPIED = (*SCHEMAS, "policies")
# How published rules spell the business date that the build was told.
AS_OF_DATE = "as_of_date()"
# What clients since DuckDB 1.2 can open; today's BI drivers are not on the newest format.
STORAGE_VERSION = "v1.2.0"

_DICTIONARY = """
create table {catalog}.main.data_dictionary as
select
  columns.schema_name, columns.table_name, columns.column_name, columns.column_index, columns.data_type,
  columns.comment as description, tables.comment as table_description
from duckdb_columns() as columns
left join (
  select database_name, schema_name, table_name, comment from duckdb_tables()
) as tables
  on tables.database_name = columns.database_name
  and tables.schema_name = columns.schema_name
  and tables.table_name = columns.table_name
where columns.database_name = '{catalog}' and columns.schema_name in ('canonical', 'ledger', 'marts')
order by columns.schema_name, columns.table_name, columns.column_index
"""


@dataclass(frozen=True)
class TableText:
    """What a table and its columns mean, and the SQL that made it where that is a rule to publish."""

    description: str
    columns: Mapping[str, str]
    rule: str | None = None


Texts = Mapping[str, TableText]


class PublishError(RuntimeError):
    """Nothing could be published; what was published before is untouched."""


@dataclass(frozen=True)
class Publication:
    """What was published: the files, and rows by ``schema.table``."""

    run_id: str
    database: Path
    parquet: Path
    rows: dict[str, int]


def publish(warehouse: Path, folder: Path, run_id: str, texts: Texts) -> Publication:
    """Publish the warehouse as it stands under ``folder``; raises PublishError and leaves the last good copy.

    ``run_id`` names the run in ``published_run`` and the Parquet folder. ``texts`` (by ``schema.table``) become the
    comments: written here once instead of by dbt on every build, where they were two thirds of its CPU time.
    """
    if not warehouse.exists():
        raise PublishError(f"there is no warehouse at {warehouse} to publish; run the pipeline first")
    publications.discard(folder, run_id)
    database, parquet = publications.database_of(folder, run_id), publications.parquet_of(folder, run_id)
    database.parent.mkdir(parents=True, exist_ok=True)
    aside = database.with_name(f".{database.name}")
    try:
        aside.unlink(missing_ok=True)
        rows = _write(warehouse, aside, parquet, run_id, texts)
        _sync(aside)
        aside.chmod(0o444)
        with publications.swapping(folder):
            os.replace(aside, database)
            publications.show(folder, run_id)
            publications.forget_old(folder)
    except (PublishError, duckdb.Error, OSError) as error:
        _discard(aside)
        publications.discard(folder, run_id)
        if isinstance(error, PublishError):
            raise
        reason = next(iter(str(error).splitlines()), "unknown")
        raise PublishError(f"{folder} could not be written ({reason}); the last good copy stays in place") from error
    return Publication(run_id, folder / publications.DATABASE, parquet, rows)


def _write(warehouse: Path, aside: Path, parquet: Path, run_id: str, texts: Texts) -> dict[str, int]:
    """Write the database file ``aside`` and the Parquet folder in one read of the warehouse; rows per table."""
    # Views name the catalog that they were made in, so the source keeps its own; the copy's is one that no schema has:
    # `marts.x` would be ambiguous in a database called marts.
    source, target = warehouse.stem, "published_copy"
    rows: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {_text(str(warehouse))} as {source} (read_only)")
        connection.execute(f"attach {_text(str(aside))} as {target} (storage_version '{STORAGE_VERSION}')")
        # One transaction reads one state of the warehouse.
        connection.execute("begin")
        for schema in COPIED:
            connection.execute(f"create schema {target}.{schema}")
        for schema, table in _tables(connection, source):
            name = f"{schema}.{_name(table)}"
            connection.execute(f"create table {target}.{name} as select * from {source}.{name}")
            _comment(connection, f"{target}.{name}", texts.get(f"{schema}.{table}"))
            counted = connection.execute(f"select count(*) from {target}.{name}").fetchone()
            rows[f"{schema}.{table}"] = counted[0] if counted else 0
        if not any(name.startswith(SCHEMAS) for name in rows):
            raise PublishError(f"{warehouse} holds no table in {', '.join(SCHEMAS)}; run the pipeline first")
        connection.execute(_DICTIONARY.format(catalog=target))
        connection.execute(
            f"create table {target}.main.published_run as select cast(? as varchar) as run_id, "
            "cast(? as timestamp with time zone) as published_at, cast(? as integer) as tables",
            [run_id, datetime.now(UTC), len(rows)],
        )
        connection.execute(f"create table {target}.main.published_rules (relation varchar, sql varchar)")
        if rules := [(name, text.rule) for name, text in sorted(texts.items()) if text.rule]:
            connection.executemany(f"insert into {target}.main.published_rules values (?, ?)", rules)
        connection.execute("commit")
        _write_parquet(connection, target, parquet, [*rows, "main.data_dictionary", "main.published_run"])
        connection.execute(f"detach {target}")
    return rows


def _tables(connection: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[tuple[str, str]]:
    """(schema, relation) of every table and view in the published schemas."""
    found = connection.execute(
        """
        select schema_name, table_name as name from duckdb_tables() where database_name = ?
        union all
        select schema_name, view_name as name from duckdb_views() where database_name = ? and not internal
        order by 1, 2
        """,
        [catalog, catalog],
    ).fetchall()
    return ((schema, name) for schema, name in found if schema in COPIED)


def _comment(connection: duckdb.DuckDBPyConnection, table: str, text: TableText | None) -> None:
    if text is None:
        return
    connection.execute(f"comment on table {table} is {_text(text.description)}")
    for column, meaning in text.columns.items():
        connection.execute(f"comment on column {table}.{_name(column)} is {_text(meaning)}")


def _write_parquet(connection: duckdb.DuckDBPyConnection, catalog: str, folder: Path, tables: list[str]) -> None:
    for qualified in tables:
        schema, _, table = qualified.partition(".")
        file = folder / ("" if schema == "main" else schema) / f"{table}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy {catalog}.{schema}.{_name(table)} to {_text(str(file))} (format parquet, compression zstd)"
        )


def _discard(aside: Path) -> None:
    aside.unlink(missing_ok=True)
    aside.with_name(aside.name + ".wal").unlink(missing_ok=True)


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
