"""Trouble that ends leaves no trace: raw holds what it would have held without, for every registered system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.http.errors import TransientError
from ingestion.http.session import MAX_ATTEMPTS
from ingestion.registry import SYSTEMS
from ingestion.sandbox.server import Fault
from tests.sandbox.running import (
    LATER,
    NOW,
    PAGE_ROWS,
    Row,
    Running,
    each,
    running,
    save_everything,
    small_firm,
    speaks_http,
    touched,
)

pytestmark = pytest.mark.slow

Records = list[dict[str, Any]]
# A folder of files has no requests that could go wrong, and no clock of its own.
FIRST = ("salesforce", "files")
OVER_HTTP = each([name for name in SYSTEMS if speaks_http(name)], FIRST)
MINUTE = timedelta(minutes=1)
CANDIDATES = 3


@dataclass
class Baseline:
    """A system after its first reading, and what raw holds after a second one without trouble.

    ``corrected`` is what it holds when only the first records changed, a minute after the first reading.
    """

    first: Running
    expected: list[Row]
    corrected: list[Row]


@pytest.fixture(scope="module")
def baseline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Baseline]:
    home = tmp_path_factory.mktemp(request.param)
    with running(request.param, home / "first") as first:
        # One object is enough, and quickly loaded: of the first few whose changes are read, the one of which the most
        # records change.
        changing = [name for name, obj in first.declared.items() if obj.cursor]
        first.objects = tuple(changing[:CANDIDATES] or first.declared)
        first.load()
        saved = after(save_everything, first, home / "saved")
        counts = saved.appended_since(first)
        name = max(counts, key=lambda name: counts[name])
        assert counts[name] > PAGE_ROWS, "it has to come in several pages"
        first.objects = (name,)
        corrected = after(correct_a_few, first, home / "corrected")
        before, expected, few = (system.latest(name) for system in (first, saved, corrected))
        assert before != expected != few != before, "nothing changed"
        yield Baseline(first, expected, few)


@pytest.fixture
def system(baseline: Baseline, tmp_path: Path) -> Running:
    """The system after its first reading."""
    found = baseline.first.copied(tmp_path)
    found.reset()
    return found


def after(change: Callable[[Running], None], first: Running, data_dir: Path) -> Running:
    """A copy of ``first`` in ``data_dir`` that has read a change."""
    found = first.copied(data_dir)
    found.reset()
    change(found)
    found.load()
    return found


def correct_a_few(system: Running) -> None:
    """Some records change right after they were read."""
    system.world.replace_facts(touched(small_firm(), NOW + MINUTE, first=3), LATER)


def assert_no_trace(system: Running, expected: list[Row]) -> None:
    assert system.latest(*system.objects) == expected
    assert system.repeated(*system.objects) == []
    assert system.rows("select object, reason from quarantine") == []


# --- on the way


@pytest.mark.parametrize("baseline", OVER_HTTP, indirect=True)
def test_a_storm_of_rate_limits_then_server_errors_and_a_broken_connection(system: Running, baseline: Baseline) -> None:
    """The storm outlasts all attempts of one run; what troubles the next run passes within it."""
    save_everything(system)
    storm = Fault(system.system, "throttle", skip=3, times=MAX_ATTEMPTS)
    system.server.faults.append(storm)
    with pytest.raises(TransientError, match="run again"):
        system.load()
    assert storm.hits >= storm.skip + storm.times
    burst = Fault(system.system, "status", skip=2, times=MAX_ATTEMPTS - 1, status=503)
    # It lets pass what the burst lets pass, and one more request.
    broken = Fault(system.system, "reset", skip=3, times=2)
    system.server.faults += [burst, broken]
    system.load()
    assert all(fault.hits >= fault.skip + fault.times for fault in (burst, broken))
    assert_no_trace(system, baseline.expected)


# --- in what is delivered


def disordered(records: Records) -> Records:
    """Backwards, and a third comes a second time at the end, as pages do that shift while they are read."""
    return records[::-1] + records[: len(records) // 3]


@pytest.mark.parametrize("baseline", each(SYSTEMS, FIRST), indirect=True)
def test_disorder_of_pages(system: Running, baseline: Baseline) -> None:
    system.vendor.arrange = disordered
    save_everything(system)
    try:
        system.load()
    except TransientError:
        # Where pages are offsets, what is repeated pushes other records out of sight: nothing may pass for complete.
        system.vendor.arrange = None
        save_everything(system)
        system.load()
    assert_no_trace(system, baseline.expected)


# --- in the vendor's clock


@pytest.mark.parametrize("baseline", OVER_HTTP, indirect=True)
@pytest.mark.parametrize("skew", [10 * MINUTE, -10 * MINUTE], ids=["fast", "slow"])
def test_a_clock_that_is_ten_minutes_off(baseline: Baseline, tmp_path: Path, skew: timedelta) -> None:
    """Read by a wrong clock, and read again after a change: no version is lost, none comes twice."""
    system = Running(baseline.first.system, baseline.first.server, tmp_path, baseline.first.objects)
    system.reset()
    system.vendor.skew = skew
    system.load()
    correct_a_few(system)
    system.load()
    assert_no_trace(system, baseline.corrected)
