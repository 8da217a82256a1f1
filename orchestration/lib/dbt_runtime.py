"""The dbt project as Dagster runs it: where it is, its manifest, and how dbt is called.

The project is parsed when it has not been as it is now, so a fresh clone, an edited model and another set of systems all
work without a step of their own. Where the warehouse is, which day is asked and which policies are a firm's own plays no
part in it. It needs no network and no warehouse.
"""

from __future__ import annotations

import json
import os
import re
import shutil
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
from orchestration.lib.dbt_command import PARSED
from orchestration.publish import AS_OF_DATE, SCHEMAS, TableText, Texts

PROJECT_DIR = Path(__file__).parents[2] / "dbt_project"
# Folders and files that parsing reads.
SOURCES = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests", "analyses", "snapshots")
COMMAND = ("-m", "orchestration.lib.dbt_command")


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
    parsed = parsed_project()
    os.environ.update(_variables(parsed))
    return DbtProject(PROJECT_DIR, target_path=parsed)


def dbt_resource(project: DbtProject) -> Dbt:
    """dbt from the environment that runs this, on the parsed project."""
    return Dbt(project_dir=project, dbt_executable=sys.executable, global_config_flags=list(COMMAND))


def build_models(*, with_tests: bool = False) -> list[str]:
    """Build seeds and models in one dbt process; returns its last lines when it failed.

    ``with_tests`` runs the tests of the data too; without them nothing is checked.
    """
    skipped = ["--exclude", "resource_type:unit_test", *([] if with_tests else ["resource_type:test"])]
    done = run_dbt("--no-write-json", "build", *skipped)
    return [] if done.returncode == 0 else [" ".join(f"dbt failed: {done.stdout[-600:]} {done.stderr[-200:]}".split())]


def published_texts() -> Texts:
    """Descriptions of the published models and their columns, and the ledger's rules as the latest build ran them."""
    manifest = json.loads((parsed_project() / "manifest.json").read_text("utf-8"))
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


def run_dbt(*arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt on the parsed project, for the settings of the environment; it ends before this returns, well or not."""
    return _dbt(arguments, target_path(), _variables(parsed_project()))


def parsed_project() -> Path:
    """The folder of ``manifest.json`` and ``partial_parse.msgpack`` as made from exactly the present files and systems.

    One folder serves all data directories: it lies in dbt's own target folder, below the data directory where the project
    cannot be written. Raises ConfigurationError when dbt cannot parse the project.
    """
    shared = PROJECT_DIR if os.access(PROJECT_DIR, os.W_OK) else settings().data_dir
    systems = blake2b(str(sorted(settings().systems.items())).encode(), digest_size=8).hexdigest()
    folder = shared / "target" / "parsed" / f"{systems}-{_fingerprint()}"
    if not folder.exists():
        _parse(folder)
        # What the same systems were parsed into before the files changed.
        for outdated in folder.parent.glob(f"{systems}-*"):
            if outdated != folder:
                shutil.rmtree(outdated, ignore_errors=True)
    return folder


def _fingerprint() -> str:
    """Changes with every file that parsing reads, and with dbt itself."""
    digest = blake2b(digest_size=16)
    digest.update(f"{installed_version('dbt-core')} {installed_version('dbt-duckdb')}".encode())
    for top in SOURCES:
        root = PROJECT_DIR / top
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                stat = path.stat()
                digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _parse(folder: Path) -> None:
    """Parse the project into ``folder``, which is complete once it is there.

    In a process of its own: on its core it costs a run nothing while the systems are being read in this one.
    """
    unfinished = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        done = _dbt(("--log-level-file", "none", "parse", "--no-partial-parse"), unfinished, _variables(None))
        if done.returncode != 0:
            reason = " ".join(f"{done.stdout[-600:]} {done.stderr[-200:]}".split())
            raise ConfigurationError(f"dbt cannot parse the project in {PROJECT_DIR}: {reason}")
        # Another process may have been faster: its folder holds the same.
        if not folder.exists():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _dbt(arguments: Sequence[str], target: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *COMMAND, "--quiet", *arguments]
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    outputs = ["--target-path", str(target), "--log-path", str(target)]
    return subprocess.run(
        [*command, *folders, *outputs], env={**os.environ, **variables}, cwd=PROJECT_DIR, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def _variables(parsed: Path | None) -> dict[str, str]:
    """What dbt is told: its parsed project, and folders as absolute paths: it would read relative ones from its own."""
    chosen = settings()
    return {
        "LEAKAGE_DATA_DIR": str(chosen.data_dir),
        "LEAKAGE_POLICIES_DIR": str(chosen.policies_dir or ""),
        PARSED: str(parsed / "partial_parse.msgpack") if parsed else "",
    }
