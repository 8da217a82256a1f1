"""File drops: legacy finance and regional billing tools by file, and bank statements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltSource

from ingestion.config import settings as run_settings
from ingestion.contract import Window
from ingestion.http.errors import PermanentError
from ingestion.pipelines import existing_tables, pipeline_for
from ingestion.raw import raw_resource
from ingestion.registry import DroppedFile
from ingestion.source import credentials
from ingestion.sources.files import settings
from ingestion.sources.files.client import LOADED, NEVER, QUARANTINED, UNCHANGED, DropFolder, Known
from ingestion.sources.files.feed import BUILT_IN, load_feeds
from ingestion.sources.files.folder import ArchivedFolder, Folder, LocalFolder
from ingestion.sources.files.schema import OBJECTS
from ingestion.sources.files.sftp import SftpFolder
from ingestion.versions import reading
from ingestion.warehouse import exclusive

__all__ = ["OBJECTS", "FilesCredentials", "connect", "dropped_files", "source", "waiting_files"]


@configspec
class FilesCredentials(BaseConfiguration):
    """Where files are dropped, and for SFTP how to get in."""

    location: str = None  # type: ignore[assignment]
    """A folder of this machine, or ``sftp://host:port/folder``."""
    host_key: str | None = None
    """Public key of the SFTP server as in known_hosts; without it no connection is made."""
    username: str | None = None
    password: dlt.TSecretStrValue | None = None
    private_key: dlt.TSecretStrValue | None = None
    private_key_passphrase: dlt.TSecretStrValue | None = None
    feeds_dir: str | None = None
    """A folder with this firm's own feed declarations, instead of the built-in ones."""
    stable_seconds: float = settings.STABLE_SECONDS
    """How long a file must lie unchanged; 0 where files only appear complete, by a rename."""


def connect() -> DropFolder:
    """The configured drop folder, compared with what the warehouse holds; raises PermanentError."""
    conf = credentials(settings.SYSTEM, FilesCredentials)
    feeds = load_feeds(Path(conf.feeds_dir) if conf.feeds_dir else BUILT_IN)
    folder = ArchivedFolder(lambda: _folder(conf))
    return DropFolder(folder, feeds, _known(), _domains(), conf.stable_seconds)


def waiting_files() -> list[str]:
    """The complete files in the inbox: path, size and time of each; raises PermanentError."""
    folder = _folder(credentials(settings.SYSTEM, FilesCredentials))
    try:
        entries = folder.files(settings.INBOX)
    finally:
        folder.close()
    return [
        f"{entry.path} {entry.size} {entry.modified_at.isoformat()}"
        for entry in entries
        if not entry.name.lower().endswith(settings.UNFINISHED)
    ]


def dropped_files(since: datetime) -> list[DroppedFile]:
    """What the manifest says of the files that were looked at ``since`` (UTC); raises SourceError."""
    pipeline = pipeline_for(settings.SYSTEM)
    with exclusive(run_settings().warehouse_path), pipeline.sql_client() as client:
        if "manifest" not in existing_tables(pipeline):
            return []
        rows = client.execute_sql(
            f"select path, feed, status, records, reason from {pipeline.dataset_name}.manifest "
            "where _extracted_at >= %s order by _extracted_at, path",
            since,
        )
    return [
        DroppedFile(path.rpartition("/")[2], feed, status, status != QUARANTINED, records, reason)
        for path, feed, status, records, reason in rows or []
    ]


def source() -> DltSource:
    """All feeds and the manifest as append-only raw resources; nothing is touched before they are read."""
    client = cache(connect)

    @dlt.source(name=f"raw_{settings.SYSTEM}", section=settings.SYSTEM)
    def raw() -> Iterable[object]:
        for obj in OBJECTS.values():
            # Every feed has a clock of its own: the time of its newest file.
            def clock(obj: Any = obj) -> datetime | None:
                return client().complete_through(obj)

            def fetch(window: Window, obj: Any = obj) -> Iterable[Any]:
                return client().fetch(obj)

            # The manifest tells of the files of all feeds: they are loaded together or not at all.
            yield raw_resource(settings.SYSTEM, obj, fetch, clock, fails_alone=False)

    return raw()


def _folder(conf: FilesCredentials) -> Folder:
    place = urlsplit(conf.location)
    if place.scheme != "sftp":
        return LocalFolder(Path(conf.location.removeprefix("file://")))
    if place.password:
        raise PermanentError("files: location holds a password; set it as SOURCES__FILES__PASSWORD")
    if not conf.host_key:
        raise PermanentError(
            "files: host_key not configured; an SFTP server is only spoken to when its key is known, set "
            "SOURCES__FILES__HOST_KEY to its line of known_hosts (see ingestion/sources/files/README.md)"
        )
    username = conf.username or (unquote(place.username) if place.username else None)
    if not place.hostname or not username or not (conf.password or conf.private_key):
        raise PermanentError("files: location needs a host, and SFTP a username with a password or a private_key")
    return SftpFolder(
        place.hostname,
        place.port or 22,
        place.path or "/",
        username,
        conf.host_key,
        str(conf.password) if conf.password else None,
        str(conf.private_key) if conf.private_key else None,
        str(conf.private_key_passphrase) if conf.private_key_passphrase else None,
    )


def _domains() -> list[str]:
    """The domains that this run takes from files; all of them when the source is loaded on its own."""
    served = [domain for domain, system in run_settings().systems.items() if system == settings.SYSTEM]
    return served or ["erp", "bank"]


def _known() -> dict[str, Known]:
    """The loaded files as the warehouse's manifest tells, by hash."""

    def sql(client: Any) -> str:
        table = client.make_qualified_table_name("manifest")
        return f"select sha256, feed, max(file_stamp), max(records) from {table} where status in (%s, %s) group by 1, 2"

    with reading() as read:
        rows = read(sql, LOADED, UNCHANGED)
    return {
        sha: Known(sha, feed, stamp.astimezone(UTC) if stamp else NEVER, records) for sha, feed, stamp, records in rows
    }
