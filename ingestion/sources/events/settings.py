"""How the gateway and the inbox are configured: ``[sources.events]`` in ``.dlt/secrets.toml`` or ``SOURCES__EVENTS__...``."""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from pathlib import Path

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import settings
from ingestion.source import resolved
from ingestion.sources.events.inbox import Inbox

SYSTEM = "events"
# The embedded inbox's file.
EMBEDDED = "inbox.db"


@configspec
class EventSettings(BaseConfiguration):
    """Who sends by the generic receiver, where the inbox is, and what the gateway takes."""

    senders: dict[str, list[str]] | None = None
    """Sender -> its secrets (``whsec_...`` or ``whpk_...``); all of them are valid, so that one can replace another."""
    inbox_url: dlt.TSecretStrValue | None = None
    """``postgresql://...`` where several gateways share an inbox; else SQLite in the data directory."""
    public_url: str | None = None
    """What senders call the gateway by, ``https://events.firm.example``: some of them sign it."""
    max_body_bytes: int = 1 << 20
    requests_per_second: float = 200.0
    """Of one sender from one address."""
    keep_days: int = 90
    """How long drained events stay in the inbox; repeats of older ones are recognised by raw alone."""


def event_settings() -> EventSettings:
    """The configured settings; raises CredentialsError when one cannot be used."""
    return resolved(SYSTEM, EventSettings)


def configured_inbox() -> Inbox:
    """The configured inbox; raises InboxError when it cannot be used."""
    url = event_settings().inbox_url
    return open_inbox(str(url) if url else None, embedded_inbox().parent)


def open_inbox(url: str | None, folder: Path) -> Inbox:
    """The inbox at ``url`` (``postgresql://...``), or the embedded one in ``folder``; raises InboxError."""
    if url:
        from ingestion.sources.events.postgres_inbox import PostgresInbox

        return PostgresInbox(url)
    from ingestion.sources.events.sqlite_inbox import SqliteInbox

    return SqliteInbox(folder / EMBEDDED)


def embedded_inbox() -> Path:
    """The file of the inbox that is in the data directory, whether or not it is there."""
    return settings().data_dir / "events" / EMBEDDED
