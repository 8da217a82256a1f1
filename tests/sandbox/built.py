"""What one system's source has loaded, taken through its own models and some canonical ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).parents[2] / "dbt_project"


def build(home: Path, domain: str, system: str, *canonical: str) -> None:
    """Build what ``home`` holds of ``system`` up to the named canonical models, with no other system switched on.

    The system's own models are tested as well: their data and, in unit tests, their translations.
    """
    project = home / "project"
    own = [f"models/staging/{system}", f"models/mapping/{system}"]
    for folder in ("macros", *own, "models/canonical", "seeds", "tests/generic"):
        shutil.copytree(PROJECT / folder, project / folder)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, project)
    tests = [
        f"path:{path},resource_type:{kind}" for path in ("models/canonical", "seeds") for kind in ("test", "unit_test")
    ]
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--profiles-dir", "."]
    env = {
        "LEAKAGE_DATA_DIR": str(home),
        "LEAKAGE_SYSTEMS": f"{domain}={system}",
        "LEAKAGE_AS_OF": "2026-04-30",
        "DBT_TARGET_PATH": str(home / "target"),
    }
    done = subprocess.run(
        [*dbt, "--select", *(f"path:{path}" for path in own), *(f"+{m}" for m in canonical), "--exclude", *tests],
        cwd=project,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def table(home: Path, model: str) -> dict[str, dict[str, Any]]:
    """The rows of ``model`` (with its schema) by the system's id of the record."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(f"select * from {model}")
        names = [d[0] for d in found.description or []]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    by_id = {row["source_id"]: row for row in rows}
    assert len(by_id) == len(rows), f"{model} has several rows for one record"
    return by_id
