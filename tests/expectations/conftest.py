"""A warehouse with the raw tables of one small made-up system, good unless a test spoils it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.engine import Suite, validate
from expectations.report import Report
from expectations.rules import ObjectRules
from ingestion.raw import FEED_SCHEMA, RawObject

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
TIMES = RawObject(
    "times",
    key=("Id",),
    columns={"Id": "text", "Minutes": "bigint", "Rate": "decimal(18,4)", "Currency": "text", "Day": "date"},
    snapshot=True,
)
RULES = ObjectRules(
    ranges={"minutes": (0, 10_000), "rate": (0, None)},
    usual={"minutes": (None, 1440)},
    currencies=("currency",),
    required=("day",),
)


class Warehouse:
    """A database file that tests write to and suites read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *statements: str) -> None:
        """Execute ``statements``; the connection is closed again, as a load closes its own."""
        with duckdb.connect(self.path) as connection:
            connection.execute("set timezone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def check(self, suite: Suite) -> Report:
        return validate(self.path, [suite])[0]


@pytest.fixture
def new_warehouse(tmp_path: Path) -> Warehouse:
    """An empty database."""
    return Warehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture
def warehouse(new_warehouse: Warehouse) -> Iterator[Warehouse]:
    """100 good time records, read by one load an hour ago."""
    with duckdb.connect(new_warehouse.path) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema raw_made_up")
        for name, schema in (("times", TIMES.schema), ("feed", FEED_SCHEMA)):
            empty = schema.empty_table()
            connection.execute(f"create table raw_made_up.{name} as select * from empty")
            assert len(empty) == 0
        connection.execute("alter table raw_made_up.times add column _dlt_load_id varchar")
    moment = f"timestamptz '{(NOW - timedelta(hours=1)).isoformat()}'"
    new_warehouse.run(
        "insert into raw_made_up.times select 't' || i, 60 + i, 100.25, 'EUR', date '2026-04-01', null, i + 1, false, "
        f"{moment}, 'load1' from range(100) as r(i)",
        f"insert into raw_made_up.feed values ('times', {moment}, null, 100, 100, 0, 0, {moment}, null)",
    )
    yield new_warehouse


@pytest.fixture
def failures() -> Callable[[Report], str]:
    """The failures of a report as one text, after checking that the report calls itself failed."""

    def text(report: Report) -> str:
        assert not report.passed, f"{report.suite} passed"
        return "\n".join(report.failures)

    return text
