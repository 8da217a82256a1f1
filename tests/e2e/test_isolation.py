"""One vendor that is down or slow delays only itself: everybody else is read, the marts are built, and they say so.

One small firm is run twice; the tests look at the runs in the order of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.http import session
from ingestion.pipelines import run as load_system
from ingestion.sandbox.scenarios import ScenarioWorld, load, worlds
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.world import World
from orchestration.environment import environment
from orchestration.lib.loader import LoadsAhead
from orchestration.run import RunResult, execute

pytestmark = [pytest.mark.matrix, pytest.mark.xdist_group("isolation")]

CHOSEN = parse_systems(DEFAULT_SYSTEMS)
ERP, EXPENSE, PROCUREMENT = CHOSEN["erp"], CHOSEN["expense"], CHOSEN["procurement"]
# The March hours are expected on an invoice by 2026-04-07, the April hours by 2026-05-07.
FACTS = """
scenario: F1
title: March and April time that nobody invoices
facts:
  time_entries:
    - {id: MARCH, work_date: 2026-03-10, hours: 10}
    - {id: APRIL, work_date: 2026-04-10, hours: 5}
expect:
  - {item: MARCH, category: unbilled_approved_time, verdict: at_risk, amount: "2000.00", currency: USD}
"""


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


@pytest.fixture(scope="module")
def impatient() -> Iterator[None]:
    """Retries that cost no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "BACKOFF_CAP_SECONDS", 0.01)
        yield


@dataclass
class Firm:
    """A served firm and what each run left; ``runs`` are a run's result, its marts and its published copy."""

    sandbox: SandboxServer
    data_dir: Path

    def is_down(self, system: str) -> None:
        self.sandbox.faults.append(Fault(system, "status", times=1_000_000, status=503))

    def run(self, as_of: date) -> Run:
        with environment({"LEAKAGE_AS_OF": as_of.isoformat()}):
            result = execute(expect_rows=False, keep_history=False)
        time_entry = self.sandbox.world.vendors[CHOSEN["psa"]].external_id
        published = self.data_dir / "published" / "leakage.duckdb"
        return Run(
            result,
            {name: time_entry("time_entries", f"F1:{name}") for name in ("MARCH", "APRIL")},
            marts(self.data_dir / "warehouse.duckdb"),
            marts(published) if published.exists() else None,
        )


@dataclass
class Marts:
    """What a database file says of the items and the feeds."""

    verdicts: dict[str, tuple[Any, ...]]
    feeds: dict[str, set[str]]
    findings: set[str]
    not_judged: int


@dataclass
class Run:
    """One run: its result, the ids of the time entries, the marts that it built and those that are published then."""

    result: RunResult
    ids: dict[str, str]
    built: Marts
    published: Marts | None


def marts(file: Path) -> Marts:
    with duckdb.connect(str(file), read_only=True) as connection:

        def query(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        items = query("select source_id, verdict, reason, open_amount from ledger.ledger__items")
        feeds: dict[str, set[str]] = {}
        for system, status in query("select source_system, status from marts.operations__feed_health"):
            feeds.setdefault(system, set()).add(status)
        return Marts(
            {row[0]: row[1:] for row in items},
            feeds,
            {row[0] for row in query("select subject_source_id from marts.leakage__findings")},
            query("select coalesce(sum(item_count), 0) from marts.finance__not_judged")[0][0],
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> ScenarioWorld:
    file = tmp_path_factory.mktemp("facts") / "F1.yml"
    file.write_text(FACTS, "utf-8")
    (found,) = worlds(load(file))
    return found


@pytest.fixture(scope="module")
def runs(world: ScenarioWorld, impatient: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Run]]:
    """On the first day the ERP is down, and read later; a month later it is down again, while expense data are spoilt and
    procurement refuses one of its objects."""
    data_dir = tmp_path_factory.mktemp("isolation")
    served = World(world.facts, world.now, CHOSEN)
    with SandboxServer(served) as sandbox:
        variables = {"LEAKAGE_SYSTEMS": DEFAULT_SYSTEMS, "LEAKAGE_DATA_DIR": str(data_dir)}
        with environment(sandbox.credentials() | variables):
            firm = Firm(sandbox, data_dir)
            firm.is_down(ERP)
            first = firm.run(world.as_of)
            sandbox.faults.clear()
            load_system(ERP)
            firm.is_down(ERP)
            served.vendors[EXPENSE].tamper["users"] = lambda user: {
                k: v for k, v in user.items() if k != "PrimaryEmail"
            }
            # The first request only asks for the time.
            sandbox.faults.append(Fault(PROCUREMENT, "status", path="/suppliers", skip=1, times=1, status=400))
            later = date(2026, 5, 31)
            served.replace_facts(world.facts, end_of(later))
            yield [first, firm.run(later)]


def test_a_vendor_that_is_down_from_the_first_day(runs: list[Run]) -> None:
    run = runs[0]
    assert run.result.ok and run.published == run.built
    (sentence,) = run.result.failed_loads.values()
    assert set(run.result.failed_loads) == {ERP} and "503" in sentence
    assert any(sentence in warning for warning in run.result.warnings)
    assert any(f"erp feed of {ERP} has never been loaded" in warning for warning in run.result.warnings)
    assert run.built.feeds == {system: {"never_loaded" if system == ERP else "fresh"} for system in CHOSEN.values()}


def test_what_only_the_absent_vendor_can_tell_is_not_judged(runs: list[Run]) -> None:
    run = runs[0]
    assert run.built.verdicts[run.ids["MARCH"]] == ("indeterminate", "no_billing_feed", 2000)
    assert run.ids["MARCH"] not in run.built.findings
    assert run.built.not_judged > 0


def test_bad_data_of_one_system_hold_back_the_publication_and_not_the_build(runs: list[Run]) -> None:
    run = runs[1]
    assert not run.result.ok
    assert all(f"raw/{EXPENSE}/users" in failure for failure in run.result.failures), "nothing else is wrong"
    assert run.built.verdicts[run.ids["MARCH"]][0] == "at_risk", "the ERP came back and was built on"
    assert run.published == runs[0].built, "the last good copy stays"


def test_a_vendor_that_goes_down_between_two_runs(runs: list[Run]) -> None:
    run = runs[1]
    assert set(run.result.failed_loads) == {ERP, PROCUREMENT}
    expected = {system: {"stale" if system == ERP else "fresh"} for system in CHOSEN.values()}
    assert run.built.feeds == expected | {PROCUREMENT: {"stale", "fresh"}}
    assert any(f"erp feed of {ERP} is complete through 2026-04-30" in warning for warning in run.result.warnings)


def test_an_object_that_is_refused_delays_only_itself(runs: list[Run]) -> None:
    sentence = runs[1].result.failed_loads[PROCUREMENT]
    assert "objects could not be read, the others are loaded: suppliers (" in sentence
    assert f"{sentence}; of these, the register stands on what was loaded before" in runs[1].result.warnings
    assert any(f"procurement feed of {PROCUREMENT}" in w and "in 1 of " in w for w in runs[1].result.warnings)


def test_what_a_stale_feed_misses_is_not_judged_and_the_rest_is(runs: list[Run]) -> None:
    run = runs[1]
    assert run.built.verdicts[run.ids["MARCH"]][0] == "at_risk", "its invoice was due while the ERP was read"
    verdict, reason, amount = run.built.verdicts[run.ids["APRIL"]]
    assert (verdict, reason) == ("indeterminate", "stale_source")
    assert amount == 1000, "what cannot be judged is never zero"
    assert run.ids["APRIL"] not in run.built.findings


def test_a_vendor_that_keeps_others_waiting_is_awaited_by_nobody(
    world: ScenarioWorld, impatient: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_ATTEMPTS", 1_000_000)
    with SandboxServer(World(world.facts, world.now, CHOSEN)) as sandbox:
        variables = {"LEAKAGE_SYSTEMS": DEFAULT_SYSTEMS, "LEAKAGE_DATA_DIR": str(tmp_path)}
        with environment(sandbox.credentials() | variables):
            sandbox.faults.append(Fault(PROCUREMENT, "slow", times=1, seconds=0.5))
            sandbox.faults.append(Fault(PROCUREMENT, "status", times=1_000_000, status=503))
            loads = LoadsAhead(CHOSEN.values())
            loads.start()
            ended = loads.as_they_end()
            assert {next(ended) for _ in range(len(CHOSEN) - 1)} == set(CHOSEN.values()) - {PROCUREMENT}
            sandbox.faults.clear()
            assert next(ended) == PROCUREMENT
            for system in CHOSEN.values():
                assert loads.load(system, ()).failure is None
