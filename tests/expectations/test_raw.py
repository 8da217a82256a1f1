"""Bad data at the raw boundary: each kind is planted and must be found; good data passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from expectations.raw import object_suite, quarantine_suite, types_suite
from tests.expectations.conftest import RULES, TIMES, Warehouse

Failures = Callable[..., str]
BOUNDARY = object_suite("made_up", TIMES, RULES)
NEW_LOAD = "null, 4711, false, now(), 'load2'"
ROW = f"insert into raw_made_up.times values ('x', {{minutes}}, {{rate}}, {{currency}}, {{day}}, {NEW_LOAD})"
GOOD = {"minutes": "60", "rate": "1.00", "currency": "'USD'", "day": "date '2026-04-02'"}


def test_good_data_passes_every_suite(warehouse: Warehouse):
    warehouse.run(ROW.format(**GOOD))
    for suite in (BOUNDARY, types_suite("made_up", {"times": TIMES}), quarantine_suite("made_up")):
        report = warehouse.check(suite)
        assert report.passed, report.failures


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("minutes", "10001", "minutes lies within 0 to 10000"),
        ("minutes", "-1", "minutes lies within 0 to 10000"),
        ("rate", "-0.01", "rate lies within 0 to any"),
        ("currency", "'EURO'", "currency is an ISO 4217 currency"),
        ("currency", "'eur'", "currency is an ISO 4217 currency"),
        ("day", "null", "day is filled on every living record"),
    ],
)
def test_an_impossible_value_fails(warehouse: Warehouse, failures: Failures, column: str, value: str, message: str):
    warehouse.run(ROW.format(**(GOOD | {column: value})))
    report = warehouse.check(BOUNDARY)
    assert message in failures(report)
    assert report.is_critical


@pytest.mark.parametrize(("column", "value"), [("minutes", "10001"), ("currency", "'EURO'"), ("day", "null")])
def test_an_impossible_value_that_was_corrected_is_history(warehouse: Warehouse, column: str, value: str):
    warehouse.run(ROW.format(**(GOOD | {column: value})))
    assert not warehouse.check(BOUNDARY).passed
    corrected = NEW_LOAD.replace("now()", "now() + interval 1 minute").replace("load2", "load3")
    warehouse.run(ROW.replace(NEW_LOAD, corrected).format(**GOOD))
    assert warehouse.check(BOUNDARY).passed


def test_an_unusual_value_is_shown_and_stops_nothing(warehouse: Warehouse, failures: Failures):
    warehouse.run(ROW.format(**(GOOD | {"minutes": "1441"})))
    report = warehouse.check(BOUNDARY)
    assert "raw_made_up.times.minutes usually lies within any to 1440: 1 of 101 rows differ" in failures(report)
    assert not report.is_critical


def test_a_good_value_that_became_impossible_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run(ROW.format(**GOOD).replace("'x'", "'t3'").replace("60", "-1"))
    assert "minutes lies within 0 to 10000: 1 of 100 rows differ" in failures(warehouse.check(BOUNDARY))


def test_a_record_without_key_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("update raw_made_up.times set id = null where id = 't3'")
    assert "raw_made_up.times: id and load columns are filled" in failures(warehouse.check(BOUNDARY))


def test_a_version_that_one_load_brought_twice_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("insert into raw_made_up.times select * from raw_made_up.times where id = 't3'")
    assert "a load brings each version once" in failures(warehouse.check(BOUNDARY))


def test_a_version_that_comes_back_in_a_later_load_is_fine(warehouse: Warehouse):
    warehouse.run(
        "insert into raw_made_up.times select * replace ('load2' as _dlt_load_id) "
        "from raw_made_up.times where id = 't3'"
    )
    assert warehouse.check(BOUNDARY).passed


def test_a_tombstone_needs_no_values(warehouse: Warehouse):
    warehouse.run("insert into raw_made_up.times values ('t3', null, null, null, null, null, 0, true, now(), 'load2')")
    assert warehouse.check(BOUNDARY).passed


def test_an_empty_object_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("delete from raw_made_up.times")
    assert "raw_made_up.times has records" in failures(warehouse.check(BOUNDARY))
    assert warehouse.check(object_suite("made_up", TIMES, replace(RULES, may_be_empty=True))).passed
    assert warehouse.check(object_suite("made_up", TIMES, RULES, must_have_rows=False)).passed


def test_an_object_that_was_never_loaded_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("drop table raw_made_up.times")
    assert "raw.made_up.times looks at cannot be read" in failures(warehouse.check(BOUNDARY))


def test_money_that_became_a_float_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("alter table raw_made_up.times alter rate type double")
    text = failures(warehouse.check(types_suite("made_up", {"times": TIMES})))
    assert "times.rate is DOUBLE instead of DECIMAL(18,4)" in text


def test_a_declared_column_that_is_missing_fails(warehouse: Warehouse, failures: Failures):
    warehouse.run("alter table raw_made_up.times drop column rate")
    assert "times.rate is absent" in failures(warehouse.check(types_suite("made_up", {"times": TIMES})))


@pytest.mark.parametrize(("quarantined", "critical"), [(1, False), (2, True)])
def test_quarantined_rows_warn_and_above_one_percent_fail(
    warehouse: Warehouse, failures: Failures, quarantined: int, critical: bool
):
    warehouse.run(f"update raw_made_up.feed set quarantined = {quarantined}")
    report = warehouse.check(quarantine_suite("made_up"))
    assert "no record of made_up was quarantined" in failures(report)
    assert report.is_critical is critical


def test_only_the_latest_load_counts_for_quarantine(warehouse: Warehouse):
    warehouse.run(
        "update raw_made_up.feed set quarantined = 50",
        "insert into raw_made_up.feed select * replace "
        "(0 as quarantined, _extracted_at + interval 1 minute as _extracted_at) from raw_made_up.feed",
    )
    assert warehouse.check(quarantine_suite("made_up")).passed
