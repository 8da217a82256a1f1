"""SAP Concur: expense reports, entries, itemizations and allocations through Expense v3."""

from __future__ import annotations

from dlt.extract import DltSource

from ingestion import config
from ingestion.source import build_source, credentials
from ingestion.sources.concur.auth import ConcurAuth, ConcurCredentials, GrantFile
from ingestion.sources.concur.client import ConcurClient
from ingestion.sources.concur.schema import OBJECTS
from ingestion.sources.concur.settings import SYSTEM


def connect() -> ConcurClient:
    """A client with the configured credentials; raises PermanentError when they are missing."""
    grants = GrantFile(config.settings().data_dir / "grants" / f"{SYSTEM}.json")
    return ConcurClient(ConcurAuth(credentials(SYSTEM, ConcurCredentials), grants))


def source() -> DltSource:
    """The dlt source of Concur; nothing is read and no credential is needed until it runs."""
    return build_source(SYSTEM, OBJECTS, connect)
