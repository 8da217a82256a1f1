"""When assets are late: as the policies say, and never by night."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.lib.freshness import Freshness, freshness, policy


@pytest.mark.parametrize(
    ("hours", "deadlines", "built_within"),
    [(0.5, "6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22", 1), (4, "9,13,17,21", 4), (7.5, "12,19", 7)],
)
def test_what_is_due_within_the_night_is_looked_at_by_day(hours: float, deadlines: str, built_within: int) -> None:
    expected = dg.FreshnessPolicy.cron(f"45 {deadlines} * * *", timedelta(hours=built_within))
    assert policy(timedelta(hours=hours)) == expected


def test_a_longer_limit_holds_all_day() -> None:
    assert policy(timedelta(hours=26)) == dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))


def test_a_system_is_held_to_the_strictest_of_its_domains(own: Path) -> None:
    with own.open("a") as file:
        file.write("feed_max_age,domain,bank,12,hours,2020-01-01,,IT,statements come twice a day\n")
    found = freshness({"psa": "kantata", "erp": "files", "bank": "files"})
    assert found.raw == {"kantata": policy(timedelta(hours=26)), "files": policy(timedelta(hours=12))}
    assert found.canonical.keys() == {"time_entry", "expense_item", "invoice", "payment"}
    assert found.published == policy(timedelta(hours=12))


def test_policies_that_cannot_be_used_leave_the_graph_without_limits(own: Path) -> None:
    """The build refuses them in a sentence; systems can be read meanwhile."""
    own.write_text(own.read_text("utf-8").replace("feed_max_age,global,,26,", "feed_max_age,global,,soon,"), "utf-8")
    assert freshness({"psa": "kantata"}) == Freshness()
