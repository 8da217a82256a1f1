"""A part of the dbt project that parses in seconds: the canonical models and those of some systems, in any mix.

What a firm could not run, two PSAs for one, a test may.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "dbt_project"


def lay_out(home: Path, served: Iterable[str], *, tested: bool = False) -> Path:
    """Copy the part for ``served`` (``domain=system``) into ``home``; returns its folder.

    ``tested`` keeps the tests of the systems' models. Those of canonical are not there: parsing them takes longer than
    building the models.
    """
    project = home / "project"
    systems = dict.fromkeys(pair.partition("=")[2] for pair in served)
    own = [f"models/{layer}/{system}" for layer in ("staging", "mapping") for system in systems]
    untested = shutil.ignore_patterns("*_unit_tests.yml")
    for folder in ("macros", "seeds", "tests/generic", "models/canonical", *own):
        ignored = untested if folder == "models/canonical" or not tested else None
        shutil.copytree(PROJECT / folder, project / folder, ignore=ignored)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, project)
    return project


def build(home: Path, served: Iterable[str], *selection: str, tested: bool = False) -> None:
    """Build what ``selection`` selects on what ``home`` holds of ``served``; with ``tested`` only what is tested well."""
    pairs = list(served)
    project = lay_out(home, pairs, tested=tested)
    skipped = [] if tested else ["--exclude-resource-type", "test", "unit_test"]
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--profiles-dir", ".", *skipped]
    environment = {
        "LEAKAGE_AS_OF": "2026-04-30",
        **os.environ,
        "LEAKAGE_DATA_DIR": str(home),
        "LEAKAGE_SYSTEMS": ",".join(pairs),
        "DBT_TARGET_PATH": str(home / "target"),
    }
    done = subprocess.run([*dbt, *selection], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
