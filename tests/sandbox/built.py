"""What one system's source has loaded, taken through its own models and some canonical ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from tests.dbt import part_of_project


def build(home: Path, domain: str, system: str, *canonical: str) -> None:
    """Build what ``home`` holds of ``system`` up to the named canonical models, with no other system switched on.

    The system's own models are tested as well: their data and, in unit tests, their translations.
    """
    own = [f"path:models/{layer}/{system}" for layer in ("staging", "mapping")]
    untested = [f"path:{path},resource_type:test" for path in ("models/canonical", "seeds")]
    selection = ["--select", *own, *(f"+{model}" for model in canonical), "--exclude", *untested]
    part_of_project.build(home, [f"{domain}={system}"], *selection, tested=True)


def table(home: Path, model: str) -> dict[str, dict[str, Any]]:
    """The rows of ``model`` (with its schema) by the system's id of the record."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(f"select * from {model}")
        names = [d[0] for d in found.description or []]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    by_id = {row["source_id"]: row for row in rows}
    assert len(by_id) == len(rows), f"{model} has several rows for one record"
    return by_id
