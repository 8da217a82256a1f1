"""Coupa: suppliers, purchase orders and supplier invoices through the core REST API."""

from __future__ import annotations

from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.coupa.client import CoupaClient, CoupaCredentials
from ingestion.sources.coupa.schema import OBJECTS
from ingestion.sources.coupa.settings import SYSTEM


def connect() -> CoupaClient:
    """A client with the configured credentials; raises PermanentError when they are missing."""
    return CoupaClient(credentials(SYSTEM, CoupaCredentials))


def source() -> DltSource:
    """The dlt source of Coupa; nothing is read and no credential is needed until it runs."""
    return build_source(SYSTEM, OBJECTS, connect)
