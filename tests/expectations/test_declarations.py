"""Every system's own rules: they name real columns, good records pass, a record that breaks them all is found."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from expectations.engine import validate
from expectations.raw import object_suite, types_suite
from expectations.rules import Bound, ObjectRules, rules_for
from ingestion.raw import RawObject
from ingestion.registry import SYSTEMS
from tests.expectations.conftest import Warehouse

ROW = dict[str, Any]


def value(kind: pa.DataType, bounds: tuple[Bound, Bound] | None) -> Any:
    """A good value of an Arrow type, within ``bounds``."""
    if pa.types.is_string(kind):
        return "x"
    if pa.types.is_boolean(kind):
        return False
    if pa.types.is_date(kind):
        return date(2026, 4, 1)
    if pa.types.is_timestamp(kind):
        return datetime(2026, 4, 1, tzinfo=UTC)
    low = (bounds or (1, None))[0]
    return Decimal(1 if low is None else low) if pa.types.is_decimal(kind) else int(1 if low is None else low)


def good(obj: RawObject, rules: ObjectRules) -> ROW:
    """A record that keeps all rules."""
    row = {field.name: value(field.type, rules.ranges.get(field.name)) for field in obj.schema}
    return row | dict.fromkeys(rules.currencies, "EUR") | {"_extra": None, "_dlt_load_id": "1"}


def bad(obj: RawObject, rules: ObjectRules) -> ROW:
    """A record that breaks every rule that one record can break; its key is its own."""
    row = good(obj, rules) | dict.fromkeys(rules.currencies, "???") | {"_record_hash": 4711}
    for column, (low, high) in rules.ranges.items():
        row[column] = low - 1 if low is not None else (high or 0) + 1
    return row | dict.fromkeys(set(rules.required) - set(rules.ranges) - set(rules.currencies))


def broken_rules(rules: ObjectRules) -> set[str]:
    free = set(rules.required) - set(rules.ranges) - set(rules.currencies)
    return {*rules.ranges, *rules.currencies, *free}


@pytest.mark.parametrize("system", SYSTEMS)
def test_rules_name_declared_columns(system: str):
    objects = SYSTEMS[system].objects
    for name, rules in rules_for(system).items():
        assert name in objects, f"{system} has no raw object {name}"
        columns = set(objects[name].schema.names)
        assert {*rules.ranges, *rules.usual, *rules.currencies, *rules.required} <= columns, f"{system}.{name}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_good_records_pass_and_bad_ones_are_found(system: str, new_warehouse: Warehouse):
    spec = SYSTEMS[system]
    rules = {name: rules_for(system).get(name, ObjectRules()) for name in spec.objects}
    suites = [types_suite(system, spec.objects)]
    suites += [object_suite(system, obj, rules[name]) for name, obj in spec.objects.items()]

    def fill(make: Any) -> None:
        with duckdb.connect(new_warehouse.path) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"create schema if not exists raw_{system}")
            for name, obj in spec.objects.items():
                schema = obj.schema.append(pa.field("_dlt_load_id", pa.string()))
                rows = pa.Table.from_pylist([make(obj, rules[name])], schema)
                connection.execute(f"create or replace table raw_{system}.{name} as select * from rows")
                assert len(rows) == 1

    fill(good)
    for report in validate(new_warehouse.path, suites):
        assert report.passed, report.failures
    fill(bad)
    checked = validate(
        new_warehouse.path, [s for s in suites if broken_rules(rules.get(s.name.split(".")[-1], ObjectRules()))]
    )
    assert checked
    for report in checked:
        name = report.suite.split(".")[-1]
        assert report.is_critical
        assert len(report.failures) == len(broken_rules(rules[name])), report.failures
