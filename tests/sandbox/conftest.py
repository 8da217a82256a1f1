"""Tests marked ``external(name)`` need a client in an environment of its own, which is built when they are collected.

Where it cannot be built (no network), they are deselected and the summary says so; with
``LEAKAGE_REQUIRE_EXTERNAL_CLIENTS=1`` they fail instead.
"""

from __future__ import annotations

import os

import pytest

from tests.sandbox.external_clients import BuildError, ExternalClient, build

_clients = pytest.StashKey[dict[str, ExternalClient | BuildError]]()
_left_out = pytest.StashKey[list[str]]()


def _client_name(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker("external")
    return str(marker.args[0]) if marker else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Build what the selected tests need, and deselect those that cannot run."""
    built = config.stash.setdefault(_clients, {})
    wanted = dict.fromkeys(filter(None, map(_client_name, items)))
    if config.option.collectonly or not wanted:
        return
    for name in wanted:
        try:
            built[name] = build(name, config.cache.mkdir("external-clients"))
        except BuildError as error:
            built[name] = error
    if os.environ.get("LEAKAGE_REQUIRE_EXTERNAL_CLIENTS") == "1":
        return
    missing = [item for item in items if isinstance(built.get(_client_name(item) or ""), BuildError)]
    if missing:
        config.hook.pytest_deselected(items=missing)
        items[:] = [item for item in items if item not in missing]
        left_out = [f"{name}: {found}" for name, found in built.items() if isinstance(found, BuildError)]
        config.stash.setdefault(_left_out, []).extend(left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason in config.stash.get(_left_out, []):
        terminalreporter.write_line(f"NOT RUN, what it needs could not be installed: {reason}", yellow=True)


@pytest.fixture
def external_client(request: pytest.FixtureRequest) -> ExternalClient:
    """The client that the test's mark names."""
    client = request.config.stash[_clients][str(_client_name(request.node))]
    assert isinstance(client, ExternalClient), f"the client could not be installed: {client}"
    return client
