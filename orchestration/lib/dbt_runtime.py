"""The dbt project as Dagster runs it: where it is, its manifest, and how dbt is called.

The manifest is written when it is absent or older than what it was made from, so a fresh clone, an edited model and
another set of systems all work without a step of their own. It needs no network and no warehouse.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from ingestion.config import ConfigurationError, settings
from orchestration.publish import AS_OF_DATE, SCHEMAS, TableText, Texts

PROJECT_DIR = Path(__file__).parents[2] / "dbt_project"
# Folders and files that parsing reads.
PARSED = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests", "analyses", "snapshots")
FINGERPRINT = "manifest.fingerprint"


class Dbt(DbtCliResource):
    """The dbt command of the running environment, without two costs that dagster-dbt adds to every run.

    Both are private names of dagster-dbt: a test fails when an upgrade changes them.
    """

    @cached_property
    def _cli_version(self) -> Version:
        # ``dbt --version`` is a process of five CPU seconds that asks PyPI for the newest release.
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:
        # The adapter would import dbt into this process and keep the warehouse open; row counts are read without it.
        return None


def dbt_project() -> DbtProject:
    """The project with an up-to-date manifest for the current settings.

    Raises ConfigurationError when dbt cannot parse it.
    """
    os.environ.update(_folders())
    project = DbtProject(PROJECT_DIR, target_path=target_path())
    ensure_manifest(project)
    return project


def _folders() -> dict[str, str]:
    """Folders as dbt is told them: it would read a relative one from its own folder, everything else from the caller's."""
    chosen = settings()
    return {"LEAKAGE_DATA_DIR": str(chosen.data_dir), "LEAKAGE_POLICIES_DIR": str(chosen.policies_dir or "")}


def dbt_resource(project: DbtProject) -> Dbt:
    """dbt from the environment that runs this, whether or not it is on PATH."""
    return Dbt(project_dir=project, dbt_executable=str(Path(sys.executable).with_name("dbt")))


def build_models(*, with_tests: bool = False) -> list[str]:
    """Build seeds and models in one dbt process; returns its last lines when it failed.

    ``with_tests`` runs the tests of the data too; without them nothing is checked.
    """
    skipped = ["--exclude", "resource_type:unit_test", *([] if with_tests else ["resource_type:test"])]
    done = _dbt("build", *skipped)
    return [] if done.returncode == 0 else [" ".join(f"dbt failed: {done.stdout[-600:]} {done.stderr[-200:]}".split())]


def published_texts() -> Texts:
    """Descriptions of the published models and their columns, and the ledger's rules, from the latest build."""
    manifest = json.loads((target_path() / "manifest.json").read_text("utf-8"))
    models = (n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["schema"] in SCHEMAS)
    return {
        f"{m['schema']}.{m['name']}": TableText(
            m["description"],
            {name: c["description"] for name, c in m["columns"].items() if c["description"]},
            _rule(m) if m["schema"] == "ledger" else None,
        )
        for m in models
    }


def _rule(model: Mapping[str, Any]) -> str | None:
    """The SQL that the build ran, its relations as ``schema.table`` and its business date as ``as_of_date()``.

    None for a model that no build has run yet.
    """
    compiled = target_path() / "compiled" / model["package_name"] / model["original_file_path"]
    if not compiled.exists():
        return None
    as_of = settings().as_of
    business_date = f"cast('{as_of}' as date)" if as_of else "cast(now() as date)"
    sql = compiled.read_text("utf-8").replace(business_date, AS_OF_DATE)
    return re.sub(rf'"{model["database"]}"\."(\w+)"\."(\w+)"', r"\1.\2", sql)


def target_path() -> Path:
    """Where dbt writes: below the data directory, unless ``DBT_TARGET_PATH`` says otherwise."""
    return Path(os.environ.get("DBT_TARGET_PATH") or settings().data_dir / "dbt").absolute()


def ensure_manifest(project: DbtProject) -> Path:
    """Write ``manifest.json`` unless it was made from exactly the present files and systems; returns its path."""
    stamp = project.manifest_path.with_name(FINGERPRINT)
    current = _fingerprint()
    if project.manifest_path.exists() and stamp.exists() and stamp.read_text() == current:
        return project.manifest_path
    _parse(project)
    stamp.write_text(current)
    return project.manifest_path


def _fingerprint() -> str:
    """Changes with every file that parsing reads, with the enabled systems and with dbt itself."""
    digest = blake2b(digest_size=16)
    digest.update(f"{sorted(settings().systems.items())} {installed_version('dbt-core')}".encode())
    for top in PARSED:
        root = PROJECT_DIR / top
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                stat = path.stat()
                digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _parse(project: DbtProject) -> None:
    # In a process of its own: on its core it costs a run nothing while the systems are being read in this one.
    project.manifest_path.parent.mkdir(parents=True, exist_ok=True)
    done = _dbt("--log-level-file", "none", "parse")
    if done.returncode != 0:
        reason = " ".join(f"{done.stdout[-600:]} {done.stderr[-200:]}".split())
        raise ConfigurationError(f"dbt cannot parse the project in {PROJECT_DIR}: {reason}")


def _dbt(*arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt on the project, writing below the target path; it ends before this returns, well or not."""
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", *arguments]
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    outputs = ["--target-path", str(target_path()), "--log-path", str(target_path())]
    environment = {**os.environ, **_folders()}
    return subprocess.run(
        [*command, *folders, *outputs], env=environment, cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
