"""The policies that a scenario file adds: under our ids of its facts, in the place of shipped rows."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.sandbox.facts.base import Domain
from ingestion.sandbox.scenario_names import policy_references
from ingestion.sandbox.scenarios import ScenarioError, ScenarioWorld
from orchestration.policies.declared import Seed, declared_seeds
from orchestration.policies.project import SEEDS

Rows = list[dict[str, str]]
# The systems whose record of a fact can be the one that our id names.
_DOMAINS: dict[str, tuple[Domain, ...]] = {
    "legal_entities": ("erp",),
    "customers": ("crm", "erp"),
    "contract_lines": ("crm",),
}


def with_our_ids(group: ScenarioWorld, systems: Mapping[str, str]) -> dict[str, list[Mapping[str, Any]]]:
    """The policies of a group; a row that names a fact comes once for each system's record of it, under our id of that."""
    from ingestion.sandbox.world import World

    world = World(group.facts, group.now, systems)
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table, rows in group.policies.items():
        found[table] = []
        for row in rows:
            named: list[Mapping[str, Any]] = [row]
            for column, kind in policy_references(row).items():
                records = {(d, world.record_id(d, kind, str(row[column]))) for d in _DOMAINS[kind]}
                ours = sorted(f"{systems[domain]}:{record}" for domain, record in records if record)
                named = [{**one, column: our_id} for one in named for our_id in ours]
            found[table] += named
    return found


def write_policies(added_to: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path, origin: str) -> Path | None:
    """The shipped policies with the rows added to their tables, as files in ``folder``; None when nothing is added.

    An added row takes the place of the shipped one: of the row with its key, or on its days of what holds one at a time.
    ``origin`` says where the rows come from. Raises ScenarioError for a table or a column that the policies do not have.
    """
    if not added_to:
        return None
    folder.mkdir(parents=True)
    seeds = declared_seeds()
    for table, added in added_to.items():
        at = f"{origin}: policies.{table}"
        if (seed := seeds.get(table)) is None:
            raise ScenarioError(f"{at}: no such table of policies; known: {', '.join(sorted(seeds))}")
        with (SEEDS / seed.file).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = list(reader)
        for n, row in enumerate(added):
            if unknown := row.keys() - set(columns):
                raise ScenarioError(f"{at}[{n}]: no column {min(unknown)!r}; it has {', '.join(columns)}")
            given = {column: _text(value) for column, value in row.items() if value is not None}
            rows = _with(rows, {column: given.get(column, "") for column in columns}, seed, given)
        with (folder / seed.file).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with(rows: Rows, added: dict[str, str], seed: Seed, given: Mapping[str, str]) -> Rows:
    """``rows`` and the added one, without what it takes the place of; of a row with its key it keeps what is not given."""
    for key in seed.unique:
        for row in rows:
            if all(given.get(column) == row[column] for column in key):
                return [{**row, **given} if other is row else other for other in rows]
    if seed.one_at_a_time is None:
        return [*rows, added]
    kept: Rows = []
    for row in rows:
        same = all(row[column] == added[column] for column in seed.one_at_a_time)
        starts, ends = added["valid_from"], added["valid_to"]
        if not same or (row["valid_to"] and row["valid_to"] <= starts) or (ends and ends <= row["valid_from"]):
            kept.append(row)
            continue
        if row["valid_from"] < starts:
            kept.append({**row, "valid_to": starts})
        if ends and not (row["valid_to"] and row["valid_to"] <= ends):
            kept.append({**row, "valid_from": ends})
    return [*kept, added]
