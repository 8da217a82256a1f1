"""The publications that are kept, and which of them readers see: ``leakage publications`` and ``leakage rollback``.

``<data_dir>/published/databases/<run>.duckdb`` and ``.../parquet/<run>`` hold one publication each. Readers open
``leakage.duckdb``, another name of one of these files, and ``parquet/current``, a link to one of these folders; showing
another publication changes these two names and copies nothing.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from filelock import FileLock

from ingestion.config import ConfigurationError

DATABASE = "leakage.duckdb"
# The one that readers see, and those that one can return to. Each costs its own size on disk.
KEPT = 5


@dataclass(frozen=True)
class Kept:
    """One publication: the Dagster run that made it and when (UTC), how many tables, and whether readers see it."""

    run_id: str
    published_at: datetime
    tables: int
    is_current: bool


def name_of(run_id: str) -> str:
    """What a run's publication is called on disk."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", run_id)


def database_of(folder: Path, run_id: str) -> Path:
    """Where the database of a run's publication is kept below ``folder``."""
    return folder / "databases" / f"{name_of(run_id)}.duckdb"


def parquet_of(folder: Path, run_id: str) -> Path:
    """Where the Parquet files of a run's publication are kept below ``folder``."""
    return folder / "parquet" / name_of(run_id)


def publications(folder: Path) -> list[Kept]:
    """What is kept under ``folder``, the newest first."""
    found = [_read(folder, file) for file in (folder / "databases").glob("[!.]*.duckdb")]
    return sorted(found, key=lambda kept: kept.published_at, reverse=True)


def rollback(folder: Path, run: str) -> Kept:
    """Show readers the publication of the run whose id this is, or begins with this; the next publication goes on as usual.

    Raises ConfigurationError when not exactly one matches or when readers see it already.
    """
    kept = publications(folder)
    found = [k for k in kept if k.run_id == run] or [k for k in kept if run and k.run_id.startswith(run)]
    if len(found) != 1:
        known = ", ".join(k.run_id[:8] for k in kept) or "none"
        problem = "several publications begin with it" if found else "no publication of it is kept"
        raise ConfigurationError(f"run {run!r}: {problem}; there are: {known} (see `leakage publications`)")
    if found[0].is_current:
        raise ConfigurationError(f"run {run!r}: readers see it already; `leakage publications` lists the others")
    with swapping(folder):
        show(folder, found[0].run_id)
    return found[0]


@contextmanager
def swapping(folder: Path) -> Iterator[None]:
    """The right to change what readers see, which one process at a time has."""
    with FileLock(folder / ".swap.lock"):
        yield


def show(folder: Path, run_id: str) -> None:
    """Let readers see this publication: either name changes in one step, and who has the other open keeps reading it."""
    aside = folder / f".{name_of(run_id)}.duckdb"
    aside.unlink(missing_ok=True)
    _same_file(database_of(folder, run_id), aside)
    os.replace(aside, folder / DATABASE)
    pointer = folder / "parquet" / "current"
    aside = pointer.with_name(f".current-{name_of(run_id)}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(name_of(run_id), target_is_directory=True)
    os.replace(aside, pointer)


def forget_old(folder: Path) -> None:
    """Remove all but the newest publications and the one that readers see."""
    for old in publications(folder)[KEPT:]:
        if not old.is_current:
            discard(folder, old.run_id)


def discard(folder: Path, run_id: str) -> None:
    """Remove what a publication wrote, also what one that was killed left behind."""
    database = database_of(folder, run_id)
    database.unlink(missing_ok=True)
    database.with_name(database.name + ".wal").unlink(missing_ok=True)
    shutil.rmtree(parquet_of(folder, run_id), ignore_errors=True)


def _read(folder: Path, file: Path) -> Kept:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        row = connection.execute("select run_id, published_at, tables from published_run").fetchone()
    assert row is not None, f"{file} does not say which run published it"
    seen = folder / "parquet" / "current"
    run_id, published_at, tables = row
    return Kept(run_id, published_at, tables, seen.exists() and seen.resolve().name == file.stem)


def _same_file(file: Path, other_name: Path) -> None:
    """Another name for a file; a copy where the disk has no such names."""
    try:
        os.link(file, other_name)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        shutil.copy2(file, other_name)
