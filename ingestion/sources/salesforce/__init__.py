"""Salesforce CRM: customers, deals with their stage history, statements of work, agreed rates, change orders."""

from __future__ import annotations

from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.salesforce.client import Client
from ingestion.sources.salesforce.org import OrgCredentials
from ingestion.sources.salesforce.schema import OBJECTS

__all__ = ["OBJECTS", "connect", "source"]


def connect() -> Client:
    """The client of the configured org; raises PermanentError when credentials are missing."""
    return Client(**credentials("salesforce", OrgCredentials).client_arguments())


def source() -> DltSource:
    """All objects of Salesforce as append-only raw resources; nothing is asked before they are read."""
    return build_source("salesforce", OBJECTS, connect)
