"""A load killed at any point and run again: raw holds what an undisturbed run leaves, nothing is lost or doubled."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.benchmarks.ingestion_paths import ours_from
from tests.benchmarks.pages import served
from tests.e2e.crashing_load import POINTS, load_until

# More than two pages before the crash, and more of them when the interrupted run reads.
EARLIER_ROWS, LATER_ROWS = 5_000, 9_000

# (key, version, is it a tombstone) of every row.
Versions = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def pages() -> Iterator[tuple[str, str]]:
    """The vendor's first pages before and after it got more records."""
    with served(EARLIER_ROWS) as earlier, served(LATER_ROWS) as later:
        yield earlier, later


@pytest.fixture(scope="module")
def loaded_once(pages: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory after one whole run; tests copy it."""
    directory = tmp_path_factory.mktemp("loaded-once")
    load(pages[0], directory)
    return directory


@pytest.fixture(scope="module")
def undisturbed(pages: tuple[str, str], loaded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """What raw holds after two whole runs."""
    directory = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(loaded_once, directory, dirs_exist_ok=True)
    load(pages[1], directory)
    found = versions(directory)
    assert len(found) == len(set(found)) == LATER_ROWS
    return found


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_load_loses_and_doubles_nothing(
    point: str, pages: tuple[str, str], loaded_once: Path, undisturbed: Versions, tmp_path: Path
) -> None:
    shutil.copytree(loaded_once, tmp_path, dirs_exist_ok=True)
    kill_at(point, pages[1], tmp_path)
    load(pages[1], tmp_path)
    assert versions(tmp_path) == undisturbed
    assert unfinished_rows(tmp_path) == 0


def test_a_killed_first_load_loses_and_doubles_nothing(
    pages: tuple[str, str], undisturbed: Versions, tmp_path: Path
) -> None:
    kill_at("after the rows are copied", pages[1], tmp_path)
    load(pages[1], tmp_path)
    assert versions(tmp_path) == undisturbed
    assert unfinished_rows(tmp_path) == 0


def test_a_load_killed_again_and_again_comes_through(
    pages: tuple[str, str], loaded_once: Path, undisturbed: Versions, tmp_path: Path
) -> None:
    shutil.copytree(loaded_once, tmp_path, dirs_exist_ok=True)
    for point in ("before the rows are copied", "after the rows are copied", "between extract and load"):
        kill_at(point, pages[1], tmp_path)
    load(pages[1], tmp_path)
    assert versions(tmp_path) == undisturbed


def load(url: str, data_dir: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKAGE_DATA_DIR", str(data_dir))
        ours_from(url)


def kill_at(point: str, url: str, data_dir: Path) -> None:
    # A server that has imported everything once forks the processes: importing takes longer than loading.
    context = get_context("forkserver")
    context.set_forkserver_preload([load_until.__module__])
    process = context.Process(target=load_until, args=(point, url, str(data_dir)))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"the load was to be killed {point}"


def versions(data_dir: Path) -> Versions:
    return query(data_dir, "select id, _record_hash, _is_deleted from raw_benchmark.time_entries order by 1, 2")


def unfinished_rows(data_dir: Path) -> int:
    """Rows of loads that were never completed, in any table that knows its load."""
    completed = "(select load_id from raw_benchmark._dlt_loads where status = 0)"
    tables = ("time_entries", "feed", "quarantine", "_dlt_pipeline_state")
    counts = (f"select count(*) from raw_benchmark.{t} where _dlt_load_id not in {completed}" for t in tables)
    return sum(row[0] for row in query(data_dir, " union all ".join(counts)))


def query(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return list(connection.execute(sql).fetchall())
