"""Publications that are kept: which readers see, how one returns to an earlier one, and that the next one goes on."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from ingestion.config import ConfigurationError
from orchestration import publications, publish
from orchestration.publications import KEPT, rollback

RUNS = ("aa-1", "ab-2", "b/3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three publications, the last of them current."""
    for run in RUNS:
        publish_run(tmp_path, run)
    return tmp_path / "published"


def publish_run(root: Path, run: str) -> None:
    with duckdb.connect(root / "warehouse.duckdb") as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create or replace table marts.told as select ? as run", [run])
    publish.publish(root / "warehouse.duckdb", root / "published", run, {})


def seen(folder: Path) -> str:
    """The run that readers see, in the database and in the Parquet files alike."""
    with duckdb.connect(folder / "leakage.duckdb", read_only=True) as connection:
        (run,) = connection.execute("select run from marts.told").fetchall()[0]
    parquet = folder / "parquet" / "current"
    assert duckdb.sql(f"select run from '{parquet}/marts/told.parquet'").fetchall() == [(run,)]
    (current,) = [kept for kept in publications.publications(folder) if kept.is_current]
    assert current.run_id == run
    return str(run)


def test_they_are_listed_the_newest_first(folder: Path):
    found = publications.publications(folder)
    assert [(kept.run_id, kept.tables, kept.is_current) for kept in found] == [
        ("b/3", 1, True),
        ("ab-2", 1, False),
        ("aa-1", 1, False),
    ]
    assert publications.publications(folder.parent / "nowhere") == []


def test_readers_see_an_earlier_one_again_and_then_the_next(folder: Path):
    assert seen(folder) == "b/3"
    with duckdb.connect(folder / "leakage.duckdb", read_only=True) as open_before:
        assert rollback(folder, "aa").run_id == "aa-1"
        assert open_before.execute("select run from marts.told").fetchall() == [("b/3",)], "who reads keeps reading"
    assert seen(folder) == "aa-1"
    rollback(folder, "b/3")
    assert seen(folder) == "b/3"
    rollback(folder, "ab-2")
    publish_run(folder.parent, "next")
    assert seen(folder) == "next"
    assert (folder / "leakage.duckdb").stat().st_mode & 0o222 == 0


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("zz", "no publication of it is kept; there are: b/3, ab-2, aa-1"),
        ("", "no publication of it is kept"),
        ("a", "several publications begin with it"),
        ("b/3", "readers see it already"),
    ],
)
def test_a_run_that_nobody_can_return_to(folder: Path, run: str, sentence: str):
    with pytest.raises(ConfigurationError, match=sentence):
        rollback(folder, run)
    assert seen(folder) == "b/3"


def test_the_last_ones_are_kept_and_the_one_that_is_seen(folder: Path):
    for number in range(KEPT):
        publish_run(folder.parent, f"later-{number}")
    kept = [publication.run_id for publication in publications.publications(folder)]
    assert kept == [f"later-{number}" for number in reversed(range(KEPT))]
    assert len(list((folder / "databases").iterdir())) == len(list((folder / "parquet").iterdir())) - 1 == KEPT


def test_a_disk_without_hard_links_gets_copies(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    rollback(folder, "aa-1")
    assert seen(folder) == "aa-1"
    monkeypatch.undo()
    assert not (folder / "leakage.duckdb").samefile(publications.database_of(folder, "aa-1"))
