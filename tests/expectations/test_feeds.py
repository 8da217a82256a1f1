"""A late feed is named in a sentence and is a warning; fresh ones say nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from expectations.feeds import feeds_suite
from expectations.report import Report
from tests.expectations.conftest import Warehouse

HEALTH = """
create table marts.operations__feed_health as select *, cast(26 as decimal(18, 4)) as max_age_hours from (values {rows})
as t(source_domain, source_system, source_object, status, complete_through)
"""
FRESH = "('crm', 'one', 'deals', 'fresh', timestamp '2026-04-30 22:00:00')"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["('psa', 'two', 'times', 'never_loaded', null)"], ["psa feed of two has never been loaded"]),
        (
            [
                "('psa', 'two', 'times', 'stale', timestamp '2026-04-28 10:30:00')",
                "('psa', 'two', 'projects', 'fresh', timestamp '2026-04-30 22:00:00')",
                "('erp', 'three', 'invoices', 'never_loaded', null)",
            ],
            [
                "psa feed of two is complete through 2026-04-28 10:30 UTC in 1 of 2 objects, limit 26.0 hours",
                "erp feed of three has never been loaded",
                "2 of 3 rows differ",
            ],
        ),
    ],
)
def test_a_late_feed_is_named_and_warns(
    new_warehouse: Warehouse, failures: Callable[[Report], str], rows: list[str], said: list[str]
):
    new_warehouse.run("create schema marts", HEALTH.format(rows=", ".join([FRESH, *rows])))
    report = new_warehouse.check(feeds_suite())
    assert all(sentence in failures(report) for sentence in said), report.failures
    assert "one" not in failures(report)
    assert not report.is_critical


def test_fresh_feeds_pass(new_warehouse: Warehouse):
    new_warehouse.run("create schema marts", HEALTH.format(rows=FRESH))
    assert new_warehouse.check(feeds_suite()).passed


def test_without_any_system_there_is_nothing_late(new_warehouse: Warehouse):
    new_warehouse.run("create schema marts", HEALTH.format(rows=FRESH), "delete from marts.operations__feed_health")
    assert new_warehouse.check(feeds_suite()).passed
