"""The world behind the stand-ins: the facts, the clock, which vendor serves which domain, and planned trouble."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ingestion.sandbox.facts import Domain, Fact, Facts

_encoder = msgspec.json.Encoder(decimal_format="number")


def stable_number(*parts: str, bits: int = 40) -> int:
    """A number that depends on ``parts`` alone: the same fact has the same vendor id in every run."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - bits)


class Vendor(Protocol):
    """What the world needs to know of a stand-in."""

    def external_id(self, kind: str, fact_id: str) -> str: ...


class World:
    """The facts as they stand at ``now`` and the vendors that show them.

    ``systems`` maps each domain to the vendor name that serves it. ``replace_facts`` moves the world on; stand-ins
    notice by ``version``.
    """

    def __init__(self, facts: Facts, now: datetime, systems: Mapping[str, str]) -> None:
        self.facts = facts
        self.now = now.astimezone(UTC)
        self.version = 1
        self.systems: dict[str, str] = dict(systems)
        self._known = _Known(facts)
        self._vendors: dict[str, VendorSystem] = {}
        for name in dict.fromkeys(self.systems.values()):
            module = importlib.import_module(f"ingestion.sandbox.systems.{name}")
            self._vendors[name] = module.System(_KnownWorld(self, name))

    @property
    def vendors(self) -> Mapping[str, VendorSystem]:
        return self._vendors

    def replace_facts(self, facts: Facts, now: datetime) -> None:
        """Show these facts from now on, as at ``now``."""
        self.facts, self.now = facts, now.astimezone(UTC)
        self.version += 1
        for vendor in self._vendors.values():
            vendor.facts_replaced()

    def clock(self, vendor: str) -> datetime:
        """The clock of a vendor: ``now``, or where a ``Feed`` fact of one of its domains says that it stands."""
        domains = self.domains(vendor)
        stopped = [f.complete_through for f in self.facts.feeds if f.domain in domains]
        return min([self.now, *stopped])

    def ref(self, domain: Domain, kind: str, fact_id: str | None) -> str | None:
        """The id of a fact in the system serving ``domain``, as other systems carry it.

        None without such a system or fact, and for a fact that no other system was told the id of. ``kind`` is the
        field name of ``Facts`` that holds the fact, for instance ``"time_entries"``.
        """
        if fact_id is not None and self._facts_known().is_unlinked(kind, fact_id):
            return None
        return self.record_id(domain, kind, fact_id)

    def record_id(self, domain: Domain, kind: str, fact_id: str | None) -> str | None:
        """The id of a fact in the system serving ``domain``; None where there is no such system or record."""
        name = self.systems.get(domain)
        if name is None or fact_id is None or self._facts_known().is_unknown(kind, fact_id, {domain}):
            return None
        return self._vendors[name].external_id(kind, fact_id)

    def domains(self, vendor: str) -> frozenset[str]:
        """The domains that ``vendor`` serves."""
        return frozenset(d for d, name in self.systems.items() if name == vendor)

    def known_to(self, vendor: str) -> Facts:
        """The facts as ``vendor`` holds them: without those that it never heard of, each as it knows it."""
        return self._facts_known().to(self.domains(vendor))

    def visible(self, vendor: str, kind: str) -> list[Any]:
        """The facts of ``kind`` that ``vendor`` has heard of: touched no later than its clock stands."""
        until = self.clock(vendor)
        return [f for f in getattr(self.known_to(vendor), kind) if f.last_touched(self.now) <= until]

    def _facts_known(self) -> _Known:
        if self._known.facts is not self.facts:
            self._known = _Known(self.facts)
        return self._known


class _Known:
    """Which system knows which facts, and as what. A fact is unknown to a vendor if any of its domains says so."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._unlinked: set[tuple[str, str]] = set()
        self._unknown: dict[tuple[str, str], set[str]] = {}
        self._differing: set[str] = set()
        self._by_domains: dict[frozenset[str], Facts] = {}
        for kind in Facts.model_fields:
            for fact in getattr(facts, kind):
                if not isinstance(fact, Fact):
                    continue
                if getattr(fact, "is_unlinked", False):
                    self._unlinked.add((kind, fact.id))
                if fact.unknown_to:
                    self._unknown[kind, fact.id] = set(fact.unknown_to)
                if fact.unknown_to or fact.known_as:
                    self._differing.add(kind)

    def is_unlinked(self, kind: str, fact_id: str) -> bool:
        return (kind, fact_id) in self._unlinked

    def is_unknown(self, kind: str, fact_id: str, domains: Set[str]) -> bool:
        return not domains.isdisjoint(self._unknown.get((kind, fact_id), ()))

    def to(self, domains: frozenset[str]) -> Facts:
        """The facts as a system serving ``domains`` holds them; the same object when nothing differs."""
        if not self._differing:
            return self.facts
        if domains not in self._by_domains:
            changed = {
                kind: [
                    fact.as_known_to(domains)
                    for fact in getattr(self.facts, kind)
                    if not self.is_unknown(kind, fact.id, domains)
                ]
                for kind in self._differing
            }
            self._by_domains[domains] = self.facts.model_copy(update=changed)
        return self._by_domains[domains]


class _KnownWorld:
    """The world that a stand-in lives in: everything is the shared world's, but the facts are those that it knows."""

    def __init__(self, world: World, vendor: str) -> None:
        self._world, self._vendor = world, vendor

    @property
    def facts(self) -> Facts:
        return self._world.known_to(self._vendor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


class VendorSystem(ABC):
    """One vendor's stand-in: ids, records, routes and credentials.

    ``tamper`` lets a test change or drop a record just before it is sent, the way drifting vendors do; ``arrange``
    changes the order of a table's records or repeats some; ``skew`` sets the clock off against the records' own times.
    """

    name: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world
        self.tamper: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {}
        self.arrange: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None
        self.skew = timedelta()
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._tables_version = 0

    @abstractmethod
    def external_id(self, kind: str, fact_id: str) -> str:
        """This vendor's id of a fact of ``kind``."""

    @abstractmethod
    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        """All records by the vendor's object name, as the API shows them at the world's current state."""

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The vendor's endpoints; the server mounts them under ``/<name>``."""

    @abstractmethod
    def credentials(self, base_url: str) -> dict[str, str]:
        """Environment variables with which the real source reads this stand-in at ``base_url``."""

    @abstractmethod
    def expire_tokens(self) -> None:
        """Make every token issued so far invalid."""

    @abstractmethod
    def rate_limited(self) -> Response:
        """The answer this vendor gives to a client that asks too often."""

    def facts_replaced(self) -> None:  # noqa: B027
        """The world has moved on. A stand-in that sends by itself does so now; one that is asked has nothing to do."""

    def forget(self) -> None:  # noqa: B027
        """Start anew, as if nothing had been sent yet. A stand-in that is asked has sent nothing by itself."""

    def close(self) -> None:  # noqa: B027
        """The server has ended: release what was held for its time."""

    @property
    def now(self) -> datetime:
        return self.world.clock(self.name)

    def facts(self, kind: str) -> list[Any]:
        """Facts of ``kind`` that this vendor has heard of."""
        return self.world.visible(self.name, kind)

    def touched(self, fact: Fact) -> datetime:
        """When this vendor's record of ``fact`` last changed."""
        return fact.last_touched(self.now)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """``build_tables`` of the current facts, built once per state of the world, with test tampering applied."""
        if self._tables_version != self.world.version:
            self._tables = self.build_tables()
            self._tables_version = self.world.version
        changed = dict(self._tables)
        if self.arrange is not None:
            changed = {name: self.arrange(rows) for name, rows in changed.items()}
        for name, change in self.tamper.items():
            rows = (change(dict(row)) for row in changed.get(name, []))
            changed[name] = [row for row in rows if row is not None]
        return changed


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None, media: str | None = None
) -> Response:
    """JSON as vendors send it: decimals as exact numbers, UTF-8."""
    return Response(_encoder.encode(content), status, dict(headers or {}), media or "application/json;charset=UTF-8")


def bearer(request: Request) -> str | None:
    """The bearer token of a request, if it carries one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None
