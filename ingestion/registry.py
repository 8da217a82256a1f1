"""The systems this product knows, declared; nothing else parses names or lists systems."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.raw import RawObject


@dataclass(frozen=True)
class SystemSpec:
    """One vendor system."""

    name: str
    title: str
    domains: frozenset[str]
    owner: str

    @property
    def objects(self) -> dict[str, RawObject]:
        """The raw objects of this system by name, declared in its ``schema`` module."""
        found: dict[str, RawObject] = import_module(f"ingestion.sources.{self.name}.schema").OBJECTS
        return found


def _system(name: str, title: str, domains: str, owner: str) -> SystemSpec:
    return SystemSpec(name, title, frozenset(domains.split()), owner)


SYSTEMS: dict[str, SystemSpec] = {
    spec.name: spec
    for spec in (
        _system("salesforce", "Salesforce", "crm", "sales-operations"),
        _system("hubspot", "HubSpot", "crm", "sales-operations"),
        _system("kantata", "Kantata OX", "psa", "pmo"),
        _system("certinia", "Certinia PSA", "psa", "pmo"),
        _system("netsuite", "Oracle NetSuite", "erp", "finance"),
        _system("dynamics365", "Microsoft Dynamics 365", "erp", "finance"),
        _system("concur", "SAP Concur", "expense", "finance"),
        _system("coupa", "Coupa", "procurement", "procurement"),
        _system("workday", "Workday", "hr", "people-operations"),
        _system("files", "File drops", "erp bank", "finance"),
    )
}
