"""Certinia PSA: projects, resources, bookings, milestones, budgets, timecards with their billing state, applied rates."""

from __future__ import annotations

from dlt.common.configuration import configspec
from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.certinia.client import CertiniaClient
from ingestion.sources.certinia.schema import OBJECTS
from ingestion.sources.certinia.settings import SYSTEM
from ingestion.sources.salesforce.org import OrgCredentials

__all__ = ["OBJECTS", "CertiniaCredentials", "connect", "source"]


@configspec
class CertiniaCredentials(OrgCredentials):
    """The org that Certinia PSA runs in; it may be the one of the CRM, but has its own section and its own app."""

    picklists: dict[str, dict[str, str]] | None = None
    """Object.field -> value -> meaning, ``{"pse__Proj__c.pse__Stage__c": {"Delivery": "active"}}``."""


def connect() -> CertiniaClient:
    """The client of the configured org; raises PermanentError when the configuration cannot be used."""
    conf = credentials(SYSTEM, CertiniaCredentials)
    return CertiniaClient(**conf.client_arguments(), picklists=conf.picklists)


def source() -> DltSource:
    """All objects of Certinia PSA as append-only raw resources; nothing is asked before they are read."""
    return build_source(SYSTEM, OBJECTS, connect)
