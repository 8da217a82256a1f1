"""The identity models of the dbt project, compiled once and run on a database in memory.

Mapping models are tables that a test fills; everything from there to the cross-references is the project's own SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.part_of_project import PROJECT, lay_out

CUSTOMERS = ("customer_record", "customer_name", "customer_match", "customer_xref")
PEOPLE = ("resource_record", "resource_email", "resource_match", "resource_writing", "resource_xref")
SEEDS = ("identity_rules", "identity_decisions", "legal_forms")
Row = Mapping[str, Any]


def compiled(models: Iterable[str], systems: str, directory: Path) -> dict[str, str]:
    """The SQL of the models, in the order given, as dbt compiles it for ``systems``."""
    from dbt.cli.main import dbtRunner

    names = list(models)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKAGE_DATA_DIR", str(directory))
        patch.setenv("LEAKAGE_AS_OF", "2026-04-30")
        patch.setenv("LEAKAGE_SYSTEMS", systems)
        project = str(lay_out(directory, systems.split(",")))
        result = dbtRunner().invoke(
            ["--quiet", "compile", "--no-partial-parse", "--project-dir", project, "--profiles-dir", project]
            + ["--target-path", str(directory / "target"), "--log-path", str(directory / "logs"), "--select", *names]
        )
    assert result.success, result.exception
    manifest = json.loads((directory / "target" / "manifest.json").read_text())
    sql = {node["name"]: node["compiled_code"] for node in manifest["nodes"].values() if node.get("compiled_code")}
    # The database's own name is that of the file it would stand in.
    return {name: re.sub(r'"\w+"\.("\w+"\."\w+")', r"\1", sql[name]) for name in names}


class Engine:
    """Runs compiled models on rows of mapping models; every table holds only what the last ``load`` gave it."""

    def __init__(self, sql: Mapping[str, str]) -> None:
        self._sql = dict(sql)
        self.connection = duckdb.connect()
        for schema in ("mapping", "canonical", "policies"):
            self.connection.execute(f"create schema {schema}")
        for seed in SEEDS:
            types = ", types = {'is_same': 'boolean'}" if seed == "identity_decisions" else ""
            self.connection.execute(
                f"create table policies.{seed} as from read_csv('{PROJECT}/seeds/{seed}.csv', header = true{types})"
            )
        for table in set(re.findall(r'"mapping"\."(map_\w+)"', "".join(self._sql.values()))):
            columns = ", ".join(f"{name} {kind}" for name, kind in entity_columns(table.split("__")[1]).items())
            self.connection.execute(f"create table mapping.{table} ({columns})")

    def run(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Fill the mapping tables named with ``rows`` in the order given, and build the models."""
        tables = self.connection.execute(
            "select table_name from information_schema.tables where table_schema = 'mapping'"
        )
        for (table,) in tables.fetchall():
            self.connection.execute(f"delete from mapping.{table}")
            for row in rows.get(table, ()):
                given = {"is_deleted": False, **row}
                marks = ", ".join("?" for _ in given)
                self.connection.execute(
                    f"insert into mapping.{table} ({', '.join(given)}) values ({marks})", list(given.values())
                )
        for name, sql in self._sql.items():
            self.connection.execute(f"create or replace table canonical.{name} as {sql}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()


def entity_columns(entity: str) -> dict[str, str]:
    """The columns of an entity in the contract of the mapping models, with DuckDB's types."""
    text = (PROJECT / "macros" / "entities.sql").read_text()
    body = re.search(rf"'{entity}': \{{(.*?)\}}", text, flags=re.S)
    assert body, f"macros/entities.sql knows no entity {entity}"
    types = {"string": "varchar", "money": "decimal(18, 4)", "rate": "decimal(18, 6)", "fx": "decimal(18, 8)"}
    types |= {"hours": "decimal(9, 4)", "pct": "decimal(9, 4)"}
    common = {"source_id": "varchar", "source_updated_at": "timestamp", "is_deleted": "boolean"}
    found = re.findall(r"'(\w+)': '?(\w+)'?", body.group(1))
    return common | {name: types.get(kind, kind) for name, kind in found}
