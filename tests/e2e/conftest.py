"""One generated firm, built once for all tests that start from it, whichever worker they run in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.sandbox.facts import Facts
from ingestion.sandbox.firm import Firm, policies
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from orchestration.environment import environment
from orchestration.run import build_quickly, execute
from orchestration.scenario_check import fact_index, read_observed
from orchestration.scenario_policies import write_policies

# Big enough for everything that can be planted.
FIRM = Firm(seed=11, staff=20, months=5, ends_on=date(2026, 4, 29))


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


@dataclass
class BuiltFirm:
    """A firm whose systems are served, and what was read, built, checked and published of it as of ``as_of``."""

    firm: Firm
    world: World
    as_of: date
    data_dir: Path

    @property
    def warehouse(self) -> Path:
        return self.data_dir / "warehouse.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def run(self) -> None:
        """The whole job, as of ``as_of``."""
        with environment({"LEAKAGE_AS_OF": self.as_of.isoformat()}):
            outcome = execute(keep_history=False)
        assert outcome.ok and not outcome.failed_loads, (outcome.failures, outcome.failed_loads)

    def build(self) -> None:
        """Read and build as of ``as_of``, without the checks that the first run has passed, and without publishing."""
        with environment({"LEAKAGE_AS_OF": self.as_of.isoformat()}):
            assert build_quickly() == []

    def advance(self, facts: Facts | None = None) -> None:
        """The next day comes, with its facts or with ``facts``."""
        self.as_of += timedelta(days=1)
        moment = end_of(self.as_of)
        self.world.replace_facts(self.firm.facts_at(moment) if facts is None else facts, moment)

    def assert_key_is_found(self, but_for: Collection[str] = ()) -> None:
        """Exactly the leaks of the answer key are in the register, to the cent, those of the facts ``but_for`` left out."""
        key = self.firm.answer_key(self.as_of)
        expected = {
            (x.detector, x.item): (x.verdict, x.amount, x.currency, x.exposed_amount)
            for x in key.leaks
            if x.item not in but_for
        }
        found = {subject: finding for subject, finding in self.found().items() if subject[1] not in but_for}
        assert found.keys() - expected.keys() == set(), "found, but never planted"
        assert expected.keys() - found.keys() == set(), "planted, but not found"
        for subject, (verdict, amount, currency, exposed) in expected.items():
            assert found[subject][:3] == (verdict, amount, currency), subject
            if exposed is not None:
                assert found[subject][3] == exposed, subject

    def found(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Detector and fact -> verdict and money of every finding that is no estimate."""
        rows = read_observed(self.warehouse, fact_index(self.world))
        return {
            (o.detector or "", o.fact_id): (o.verdict, o.amount, o.currency, o.exposed_amount)
            for o in rows
            if o.is_finding and not o.is_estimate
        }

    def raw_rows(self) -> dict[str, int]:
        """How many versions of records each raw table holds."""
        tables = self.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema like 'raw_%' and table_name not like '\\_dlt%' escape '\\' and table_name <> 'feed'"
        )
        return {f"{s}.{t}": self.query(f'select count(*) from {s}."{t}"')[0][0] for s, t in tables}


@contextmanager
def served(data_dir: Path, firm: Firm = FIRM, systems: str = DEFAULT_SYSTEMS) -> Iterator[BuiltFirm]:
    """The ``systems`` of ``firm`` on its last day, and the environment of runs on them in ``data_dir``."""
    world = World(firm.facts_at(end_of(firm.ends_on)), end_of(firm.ends_on), parse_systems(systems))
    own = data_dir / "own-policies"
    if not own.exists():
        write_policies(policies(), own, "the firm")
    with SandboxServer(world) as sandbox:
        variables = {
            "LEAKAGE_SYSTEMS": systems,
            "LEAKAGE_DATA_DIR": str(data_dir),
            "LEAKAGE_KNOWN_AT": None,
            "LEAKAGE_POLICIES_DIR": str(own),
        }
        with environment(sandbox.credentials() | variables | {"LEAKAGE_AS_OF": firm.ends_on.isoformat()}):
            yield BuiltFirm(firm, world, firm.ends_on, data_dir)


@pytest.fixture(scope="session")
def shared_firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a built firm, not to be changed. The worker that comes first builds; the others wait for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    built, done = shared / "built-firm", shared / "built-firm.done"
    with FileLock(f"{built}.lock"):
        if not done.exists():
            # What a worker that failed left behind does not stand in the way of the next.
            shutil.rmtree(built, ignore_errors=True)
            with served(built) as firm:
                firm.run()
            done.touch()
    return built


@pytest.fixture(scope="module")
def built(shared_firm: Path) -> Iterator[BuiltFirm]:
    """The built firm, to be read."""
    with served(shared_firm) as firm:
        yield firm


@pytest.fixture(scope="module")
def own_firm(shared_firm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltFirm]:
    """A copy of the built firm, to go on from."""
    data_dir = tmp_path_factory.mktemp("firm") / "data"
    shutil.copytree(shared_firm, data_dir, symlinks=True)
    with served(data_dir) as firm:
        yield firm
