"""Tests marked by what they need of the machine (``postgres``, ``chromium``) are deselected where it lacks that.

The summary says so; with ``LEAKAGE_REQUIRE_EXTERNAL_CLIENTS=1`` they fail instead.
"""

from __future__ import annotations

import os

import pytest

from tests.machine import NEEDS

_left_out = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("LEAKAGE_REQUIRE_EXTERNAL_CLIENTS") == "1":
        return
    for marker, (is_there, missing) in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and not is_there():
            config.hook.pytest_deselected(items=marked)
            items[:] = [item for item in items if item not in marked]
            config.stash.setdefault(_left_out, []).append(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason in config.stash.get(_left_out, []):
        terminalreporter.write_line(f"NOT RUN, the machine lacks what it needs: {reason}", yellow=True)
