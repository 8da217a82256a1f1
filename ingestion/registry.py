"""The systems this product knows, declared; nothing else parses names or lists systems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.contract import RawObject
    from ingestion.sources.events.receiver import Receiver


@dataclass(frozen=True)
class DroppedFile:
    """One dropped file: whether its content is in raw (``is_taken``), or the ``reason`` why it was set aside."""

    name: str
    feed: str | None
    status: str
    is_taken: bool
    records: int | None
    reason: str | None


@dataclass(frozen=True)
class SystemSpec:
    """One vendor system. ``sends_events`` says that it signs events in a way of its own, see its ``events`` module;
    ``takes_files`` that files are dropped for it, see ``waiting_files`` and ``dropped_files`` of its source."""

    name: str
    title: str
    domains: frozenset[str]
    owner: str
    sends_events: bool = False
    takes_files: bool = False

    @property
    def objects(self) -> dict[str, RawObject]:
        """The raw objects of this system by name, declared in its ``schema`` module."""
        found: dict[str, RawObject] = import_module(f"ingestion.sources.{self.name}.schema").OBJECTS
        return found

    def receiver(self) -> Receiver | None:
        """What proves and reads the events that it sends; None when none of its secrets is configured."""
        found: Receiver | None = import_module(f"ingestion.sources.{self.name}.events").receiver()
        return found

    def waiting_files(self) -> list[str]:
        """The dropped files that nobody has read yet, each with what tells it from another one of its name.

        Raises SourceError when the drop folder cannot be looked into.
        """
        found: list[str] = import_module(f"ingestion.sources.{self.name}").waiting_files()
        return found

    def dropped_files(self, since: datetime) -> list[DroppedFile]:
        """What became of the files that loads have looked at ``since`` (UTC), the oldest first.

        Raises SourceError when the warehouse cannot be read.
        """
        found: list[DroppedFile] = import_module(f"ingestion.sources.{self.name}").dropped_files(since)
        return found


def _system(
    name: str, title: str, domains: str, owner: str, *, sends_events: bool = False, takes_files: bool = False
) -> SystemSpec:
    return SystemSpec(name, title, frozenset(domains.split()), owner, sends_events, takes_files)


SYSTEMS: dict[str, SystemSpec] = {
    spec.name: spec
    for spec in (
        _system("salesforce", "Salesforce", "crm", "sales-operations", sends_events=True),
        _system("hubspot", "HubSpot", "crm", "sales-operations", sends_events=True),
        _system("kantata", "Kantata OX", "psa", "pmo"),
        _system("certinia", "Certinia PSA", "psa", "pmo", sends_events=True),
        _system("netsuite", "Oracle NetSuite", "erp", "finance"),
        _system("dynamics365", "Microsoft Dynamics 365", "erp", "finance", sends_events=True),
        _system("concur", "SAP Concur", "expense", "finance", sends_events=True),
        _system("coupa", "Coupa", "procurement", "procurement"),
        _system("workday", "Workday", "hr", "people-operations"),
        _system("files", "File drops", "erp bank", "finance", takes_files=True),
    )
}

# No vendor's system and of no domain: what the gateway received from any of them.
EVENTS = _system("events", "Event inbox", "", "data-engineering")
