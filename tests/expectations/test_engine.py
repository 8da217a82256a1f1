"""The recipe that makes Great Expectations work on DuckDB, and how the engine treats what it cannot read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from expectations.engine import Suite, keep_connection_open, validate
from expectations.report import keep_evidence
from tests.expectations.conftest import Warehouse


def positive(gxe):  # type: ignore[no-untyped-def]
    return [gxe.ExpectColumnValuesToBeBetween(column="n", min_value=0, description="n is not negative")]


@pytest.fixture
def numbers(new_warehouse: Warehouse) -> Warehouse:
    new_warehouse.run("create schema s", "create table s.numbers as select i as n from range(10) as r(i)")
    return new_warehouse


def test_the_private_constant_still_decides_whether_results_are_read_before_closing(monkeypatch, numbers):
    """Fails when an upgrade of Great Expectations renames the constant or no longer needs it: then adapt the engine."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    keep_connection_open()
    assert "duckdb" in [str(d.value) for d in engine._PERSISTED_CONNECTION_DIALECTS]
    assert numbers.check(Suite("kept", "select * from s.numbers", positive)).passed
    without = tuple(d for d in engine._PERSISTED_CONNECTION_DIALECTS if d.value != "duckdb")
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", without)
    monkeypatch.setattr("expectations.engine.keep_connection_open", lambda: None)
    assert not numbers.check(Suite("closed", "select * from s.numbers", positive)).passed


def test_counts_and_examples_come_from_the_warehouse(numbers):
    numbers.run("insert into s.numbers values (-7), (-8)")
    report = numbers.check(Suite("numbers", "select * from s.numbers", positive))
    assert report.is_critical
    assert "n is not negative: 2 of 12 rows differ" in report.failures[0]
    assert "-7" in report.failures[0]


def test_a_table_that_is_not_there_fails_and_is_named(numbers):
    report = numbers.check(Suite("missing", "select * from s.nowhere", positive))
    assert report.is_critical
    assert "nowhere" in report.failures[0] and len(report.failures) == 1


def test_a_warehouse_that_is_not_there_fails_and_is_not_created(tmp_path: Path):
    (report,) = validate(tmp_path / "none.duckdb", [Suite("any", "select 1 as n", positive)])
    assert report.is_critical
    assert not (tmp_path / "none.duckdb").exists()


def test_an_expectation_on_a_missing_column_fails(numbers):
    def other(gxe):  # type: ignore[no-untyped-def]
        return [gxe.ExpectColumnValuesToNotBeNull(column="absent")]

    assert numbers.check(Suite("other", "select * from s.numbers", other)).is_critical


def test_a_warning_is_shown_and_not_critical(numbers):
    def small(gxe):  # type: ignore[no-untyped-def]
        return [
            gxe.ExpectColumnValuesToBeBetween(column="n", max_value=5, severity="warning", description="n is small")
        ]

    report = numbers.check(Suite("small", "select * from s.numbers", small))
    assert not report.passed and not report.is_critical


def test_no_lock_stays_behind(numbers):
    """Another process can write as soon as the suites are done."""
    validate(
        numbers.path, [Suite("a", "select * from s.numbers", positive), Suite("b", "select * from s.numbers", positive)]
    )
    writes = f"import duckdb; duckdb.connect({str(numbers.path)!r}).execute('create table free as select 1 as one')"
    subprocess.run([sys.executable, "-c", writes], check=True)
    with duckdb.connect(numbers.path) as connection:
        assert connection.execute("select one from free").fetchone() == (1,)


def test_importing_the_suites_does_not_import_great_expectations():
    loaded = (
        "import sys, expectations.raw, expectations.reconciliation; "
        "sys.exit('great_expectations' in sys.modules or 'dagster' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", loaded], check=True)


def test_evidence_is_kept_per_run(numbers, tmp_path: Path):
    report = numbers.check(Suite("numbers", "select * from s.numbers", positive))
    folder = keep_evidence(tmp_path, "run-1", [report])
    text = (folder / "numbers.json").read_text()
    assert '"passed": true' in text and "expect_column_values_to_be_between" in text
