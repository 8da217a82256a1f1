"""Workday: people, organisation, work calendars and time off, through web services (SOAP) and custom reports (RaaS)."""

from __future__ import annotations

from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.workday.client import WorkdayClient
from ingestion.sources.workday.schema import OBJECTS
from ingestion.sources.workday.settings import SYSTEM, WorkdayCredentials


def connect() -> WorkdayClient:
    """A client with the configured credentials; raises PermanentError when they are missing."""
    return WorkdayClient(credentials(SYSTEM, WorkdayCredentials))


def source() -> DltSource:
    """The dlt source of Workday; nothing is read and no credential is needed until it runs."""
    return build_source(SYSTEM, OBJECTS, connect)
