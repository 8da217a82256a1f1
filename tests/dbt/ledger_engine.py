"""The ledger and the detectors of the dbt project on a built warehouse whose canonical tables a test changes.

The SQL is what the build of that warehouse compiled; it runs in memory, without dbt, in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

TARGETS = ("model.leakage.leakage__detected", "model.leakage.ledger__contract_lines")


@dataclass(frozen=True)
class Found:
    """What a detector says of one record."""

    detector: str
    subject_type: str
    subject_id: str
    category: str
    verdict: str
    currency: str | None
    amount: Decimal | None
    exposed_amount: Decimal | None


@dataclass(frozen=True)
class Judged:
    """Findings by id, and the entitled money that is not accounted for."""

    findings: dict[str, Found]
    residual: Decimal

    def about(self, *subjects: str) -> dict[tuple[str, str, str | None], Decimal]:
        """The money of the findings about ``subjects``, by detector, verdict and currency."""
        found: dict[tuple[str, str, str | None], Decimal] = {}
        for finding in self.findings.values():
            if finding.subject_id in subjects:
                kind = (finding.detector, finding.verdict, finding.currency)
                found[kind] = found.get(kind, Decimal(0)) + (finding.amount or 0)
        return found

    def without(self, subjects: Collection[str]) -> dict[str, Found]:
        """The findings about everything else."""
        return {key: finding for key, finding in self.findings.items() if finding.subject_id not in subjects}

    def losses(self) -> dict[str, Found]:
        """The findings of money that is lost or may be."""
        return {key: found for key, found in self.findings.items() if found.verdict in ("at_risk", "confirmed_loss")}

    def total(self) -> dict[str | None, Decimal]:
        """The money of the losses, by currency."""
        found: dict[str | None, Decimal] = {}
        for finding in self.losses().values():
            found[finding.currency] = found.get(finding.currency, Decimal(0)) + (finding.amount or 0)
        return found


class LedgerEngine:
    """The models from canonical to ``leakage__detected``, as ``data_dir`` was built as of ``as_of``."""

    def __init__(self, data_dir: Path, as_of: date) -> None:
        self.as_of = as_of
        manifest = json.loads((data_dir / "dbt" / "manifest.json").read_text())
        self._nodes = manifest["nodes"]
        compiled = data_dir / "dbt" / "compiled" / "leakage"
        seen: set[str] = set()
        names = [name for target in TARGETS for name in self._in_order(manifest["parent_map"], target, seen)]
        self._models = [
            (node, (compiled / node["original_file_path"]).read_text()) for node in map(self._nodes.__getitem__, names)
        ]
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'; set threads = 1")
        self.connection.execute(f"attach '{data_dir / 'warehouse.duckdb'}' as built (read_only)")
        # The compiled SQL names the database after its file.
        self.connection.execute("attach ':memory:' as warehouse")
        self.connection.execute("use warehouse")
        for schema in ("canonical", "policies", "ledger", "marts"):
            self.connection.execute(f"create schema {schema}")
        self._inputs = self._tables("canonical") + self._tables("policies")

    def _in_order(self, parents: dict[str, list[str]], name: str, seen: set[str]) -> Iterator[str]:
        """Models of ledger and marts that ``name`` stands on, each after those that it reads."""
        if name in seen or self._nodes.get(name, {}).get("schema") not in ("ledger", "marts"):
            return
        seen.add(name)
        for parent in sorted(parents[name]):
            yield from self._in_order(parents, parent, seen)
        yield name

    def _tables(self, schema: str) -> list[str]:
        found = self.connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' and schema_name = ? order by 1",
            [schema],
        )
        return [f"{schema}.{name}" for (name,) in found.fetchall()]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; ``built`` is the warehouse as it was built."""
        return self.connection.execute(sql).fetchall()

    def judge(self, *statements: str, order: str = "", as_of: date | None = None) -> Judged:
        """What is found after ``statements`` have changed the canonical tables, which come in the ``order`` given."""
        for table in self._inputs:
            self.connection.execute(f"create or replace table {table} as from built.{table} {order}")
        for statement in statements:
            self.connection.execute(statement)
        for node, sql in self._models:
            if as_of is not None:
                sql = sql.replace(f"cast('{self.as_of}' as date)", f"cast('{as_of}' as date)")
            self._build(node, sql)
        rows = self.connection.execute(
            "select finding_id, detector_id, subject_type, subject_id, category, verdict, currency, amount, exposed_amount"
            " from marts.leakage__detected"
        ).fetchall()
        findings = {row[0]: Found(*row[1:]) for row in rows}
        assert len(findings) == len(rows), "two findings have one id"
        return Judged(findings, self._residual())

    def _build(self, node: dict[str, Any], sql: str) -> None:
        name = f"{node['schema']}.{node['name']}"
        if node["config"]["materialized"] == "view":
            self.connection.execute(f"create or replace view {name} as ({sql})")
        else:
            self.connection.execute(f"create or replace table {name} as from built.{name} limit 0")
            self.connection.execute(f"insert into {name} by name ({sql})")

    def _residual(self) -> Decimal:
        """Entitled money that lies in no place or in two, over all contract lines, whatever its direction."""
        ((residual,),) = self.connection.execute(
            "select coalesce(sum(abs(residual_amount)), 0) from ledger.ledger__contract_lines"
        ).fetchall()
        return Decimal(residual)
