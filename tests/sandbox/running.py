"""Every registered system, served and loaded: what the tests of faults and of drift have in common.

A small firm gives each system more than one page of something; sources read small pages and wait for nothing.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import pipelines
from ingestion.contract import RawObject, column_name
from ingestion.http import session as http_session
from ingestion.registry import SYSTEMS
from ingestion.sandbox.facts import Fact, Facts
from ingestion.sandbox.firm import Firm
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import VendorSystem, World

NOW = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PAGE_ROWS = 20
_PAGE_SETTING = re.compile(r"[A-Z_]*PAGE[A-Z_]*")
Row = tuple[Any, ...]


# How many more facts of a kind there are than the generated firm has. The largest page that a vendor insists on is 200.
_MORE = {
    "customers": 230,
    "resources": 40,
    "expenses": 40,
    "suppliers": 40,
    "purchase_orders": 40,
    "supplier_invoices": 40,
}


@cache
def small_firm() -> Facts:
    """A generated firm of five people, with more of what it has only a few of."""
    facts = Firm(seed=11, staff=5, months=4, ends_on=date(2026, 4, 30)).facts_at()
    return facts.model_copy(
        update={
            kind: [*getattr(facts, kind), *(_another(getattr(facts, kind)[0], n) for n in range(count))]
            for kind, count in _MORE.items()
        }
    )


def _another(fact: Any, number: int) -> Any:
    """One more fact like this one, with ids of its own, also on its lines."""
    changes: dict[str, Any] = {"id": f"{fact.id}-{number}"}
    if hasattr(fact, "resource"):
        changes["resource"] = f"{fact.resource}-{number}"
    if hasattr(fact, "email"):
        changes["email"] = f"{number}.{fact.email}"
    if hasattr(fact, "lines"):
        changes["lines"] = [line.model_copy(update={"id": f"{line.id}-{number}"}) for line in fact.lines]
    return fact.model_copy(update=changes)


def touched(facts: Facts, moment: datetime, first: int | None = None) -> Facts:
    """The facts after somebody saved the ``first`` records of each kind (None: all) at ``moment``, with new names."""

    def saved(fact: Any) -> Any:
        if not isinstance(fact, Fact):
            return fact
        name = {"name": f"{fact.name} (renamed)"} if getattr(fact, "name", None) else {}
        return fact.model_copy(update={"updated_at": moment, **name})

    changed = {}
    for kind in Facts.model_fields:
        found = getattr(facts, kind)
        end = len(found) if first is None else first
        changed[kind] = [*map(saved, found[:end]), *found[end:]]
    return facts.model_copy(update=changed)


@dataclass
class Running:
    """A system that is served, and the data directory that it is loaded into."""

    system: str
    server: SandboxServer
    data_dir: Path
    objects: tuple[str, ...] = ()

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def vendor(self) -> VendorSystem:
        return self.world.vendors[self.system]

    @property
    def declared(self) -> dict[str, RawObject]:
        return SYSTEMS[self.system].objects

    def load(self) -> None:
        """Read ``objects``, or all."""
        source = pipelines.source_for(self.system)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LEAKAGE_DATA_DIR", str(self.data_dir))
            pipelines.run(self.system, source.with_resources(*self.objects) if self.objects else source)

    def rows(self, sql: str) -> list[Row]:
        with duckdb.connect(str(self.data_dir / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(f"use raw_{self.system}").execute(sql).fetchall()

    def latest(self, name: str) -> list[Row]:
        """The latest version of every record, without what differs from run to run."""
        obj = self.declared[name]
        keys = ", ".join(f'"{column}"' for column in obj.key_columns)
        differing = ", ".join(
            ["_extracted_at", "_dlt_load_id", "_record_hash", "place", *map(column_name, obj.provenance)]
        )
        return self.rows(
            f"select * exclude ({differing}) from (select *, row_number() over "
            f"(partition by {keys} order by _extracted_at desc, _dlt_load_id desc) as place from {name}) "
            f"where place = 1 order by {keys}"
        )

    def repeated(self, name: str) -> list[Row]:
        """Keys of records of which the same version was appended twice in a row."""
        keys = ", ".join(f'"{column}"' for column in self.declared[name].key_columns)
        return self.rows(
            f"select {keys} from (select *, lag(_record_hash) over (partition by {keys} order by _extracted_at, "
            f"_dlt_load_id) as earlier from {name}) where earlier = _record_hash"
        )

    def appended_since(self, earlier: Running) -> dict[str, int]:
        """How many versions of each of ``objects``, or of all, were appended after this one was copied from another."""
        counts = {name: f"select count(*) from {name}" for name in self.objects or self.declared}
        grown = {name: self.rows(sql)[0][0] - earlier.rows(sql)[0][0] for name, sql in counts.items()}
        return {name: count for name, count in grown.items() if count}

    def copied(self, data_dir: Path) -> Running:
        """The same system with a data directory of its own that starts as this one's stands."""
        shutil.copytree(self.data_dir, data_dir, dirs_exist_ok=True)
        return Running(self.system, self.server, data_dir, self.objects)

    def reset(self, facts: Facts | None = None, now: datetime = NOW) -> None:
        """The firm as it was, in a world without trouble."""
        self.server.faults.clear()
        self.vendor.arrange, self.vendor.skew = None, timedelta()
        self.vendor.tamper.clear()
        self.vendor.forget()
        self.world.replace_facts(facts or small_firm(), now)


def save_everything(system: Running) -> None:
    """Every record changes: what is read next comes in several pages."""
    system.world.replace_facts(touched(small_firm(), LATER), LATER)


@contextmanager
def running(system: str, data_dir: Path) -> Iterator[Running]:
    """``system`` in all the domains that it can serve, with credentials in the environment and no waiting."""
    spec = SYSTEMS[system]
    world = World(small_firm(), NOW, dict.fromkeys(sorted(spec.domains), system))
    with SandboxServer(world) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.credentials().items():
            patch.setenv(name, value)
        _read_small_pages(system, patch)
        patch.setenv(f"SOURCES__{system.upper()}__PAGE_SIZE", str(PAGE_ROWS))
        patch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
        patch.setitem(http_session.VendorSession.__init__.__kwdefaults__, "sleep", lambda seconds: None)
        yield Running(system, server, data_dir)


def _read_small_pages(system: str, patch: pytest.MonkeyPatch) -> None:
    """Every constant of the source that says how much makes a page, wherever it was imported to."""
    import_module(f"ingestion.sources.{system}")
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(f"ingestion.sources.{system}."):
            for name, value in vars(module).items():
                if _PAGE_SETTING.fullmatch(name) and isinstance(value, int) and value > PAGE_ROWS:
                    patch.setattr(module, name, PAGE_ROWS)


def each(names: Iterable[str], first: Collection[str]) -> list[Any]:
    """The systems as parameters of a test: those of ``first`` in every run, the others in CI's run of the matrices."""

    def marked(name: str) -> Any:
        # What is set up for a system is used by all its tests.
        return pytest.param(name, marks=[pytest.mark.matrix, pytest.mark.xdist_group(name)])

    return [name if name in first else marked(name) for name in names]


def speaks_http(system: str) -> bool:
    """Whether the system is asked over HTTP, not read from a folder."""
    world = World(Facts(), NOW, {min(SYSTEMS[system].domains): system})
    return bool(world.vendors[system].routes())
