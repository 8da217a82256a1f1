"""The world behind the stand-ins: the facts, the clock, which vendor serves which domain, and planned trouble."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
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
        self._vendors: dict[str, VendorSystem] = {}
        for name in dict.fromkeys(self.systems.values()):
            module = importlib.import_module(f"ingestion.sandbox.systems.{name}")
            self._vendors[name] = module.System(self)

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
        domains = {d for d, name in self.systems.items() if name == vendor}
        stopped = [f.complete_through for f in self.facts.feeds if f.domain in domains]
        return min([self.now, *stopped])

    def ref(self, domain: Domain, kind: str, fact_id: str | None) -> str | None:
        """The id that the system serving ``domain`` gives to a fact; None without such a system or fact.

        ``kind`` is the field name of ``Facts`` that holds the fact, for instance ``"time_entries"``.
        """
        name = self.systems.get(domain)
        return self._vendors[name].external_id(kind, fact_id) if name and fact_id is not None else None

    def visible(self, vendor: str, kind: str) -> list[Any]:
        """The facts of ``kind`` that ``vendor`` has heard of: touched no later than its clock stands."""
        until = self.clock(vendor)
        return [f for f in getattr(self.facts, kind) if f.last_touched(self.now) <= until]


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
