"""The Dagster instance that ``leakage run``, ``leakage ui`` and the schedules share; it lives in the data directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.config import settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

TEMPLATE = Path(__file__).parents[1] / "dagster.yaml"


def prepare_home() -> Path:
    """The instance's folder, created and configured; ``DAGSTER_HOME`` of this process and its children points to it."""
    home = settings().data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(TEMPLATE.read_text("utf-8").replace("{home}", home.as_posix()), "utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def instance() -> DagsterInstance:
    """The instance of the configured data directory: runs of the command line show in ``leakage ui``."""
    from dagster import DagsterInstance

    return DagsterInstance.from_config(str(prepare_home()))
