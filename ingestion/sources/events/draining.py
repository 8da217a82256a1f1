"""From the inbox to raw: read what was not drained, append it, and only then acknowledge it.

Whatever dies in between, every event is in raw once. Before the load is committed nothing is acknowledged; after it, the
events are read again and raw, which knows them by source and event id, takes none twice.
"""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec
from dlt.extract import DltSource
from filelock import FileLock, Timeout

from ingestion import pipelines
from ingestion.archive.tape import is_replay, kept, noted
from ingestion.config import settings
from ingestion.http.errors import SourceError, TransientError
from ingestion.raw import Fetched, Page, RawObject, Window
from ingestion.source import build_source
from ingestion.sources.events.inbox import Inbox, InboxError, Received
from ingestion.sources.events.schema import OBJECTS
from ingestion.sources.events.settings import SYSTEM, configured_inbox, embedded_inbox, event_settings

# One load takes about this much at most, however much waits: the database holds what it appends until that is committed.
MAX_EVENTS, MAX_BYTES = 50_000, 64 << 20


def drain() -> int:
    """Append to raw what the inbox holds and acknowledge it; says how many events were acknowledged.

    Raises SourceError in one sentence; nothing was acknowledged then.
    """
    folder = settings().data_dir / "events"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "drain.lock").acquire(timeout=0):
            return _drain(configured_inbox())
    except Timeout:
        raise TransientError(f"{SYSTEM}: the inbox is being drained already; wait for that to end") from None
    except InboxError as error:
        raise TransientError(f"{SYSTEM}: {error}") from None


def waiting_events() -> int:
    """How many events wait in the inbox; none where no gateway has ever kept one. Raises SourceError in one sentence."""
    if not event_settings().inbox_url and not embedded_inbox().exists():
        return 0
    try:
        with closing(configured_inbox()) as inbox:
            return inbox.backlog().events
    except InboxError as error:
        raise TransientError(f"{SYSTEM}: {error}") from None


def source(inbox: Inbox | None = None) -> DltSource:
    """The dlt source ``raw_events``. It takes events and does not acknowledge them: ``drain`` does both."""
    return build_source(SYSTEM, OBJECTS, lambda: InboxClient(lambda: inbox or configured_inbox()))


class InboxClient:
    """The inbox as a client of the raw contract; it is not opened before events are taken from it, nor in a replay."""

    def __init__(self, open_inbox: Callable[[], Inbox]) -> None:
        self._inbox = cache(open_inbox)

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        """Pages of undrained events; which they are is the inbox's knowledge, so that ``window`` does not matter."""
        return self._pages()

    def server_time(self) -> datetime:
        """Up to when raw has every event once this load is done: no further than to the first that waited when it began.

        Where the next load begins to compare, therefore, is before all that this one leaves waiting, and after what was
        drained long ago.
        """
        return noted(datetime.now(UTC) if is_replay() else self._first_waiting())

    def _pages(self) -> Iterator[Page]:
        events = size = 0
        while events < MAX_EVENTS and size < MAX_BYTES:
            answer = kept("CLAIM", "inbox", self._claimed)
            page: Page = msgspec.json.decode(answer, type=list[msgspec.Raw])
            if not page:
                return
            events += len(page)
            size += len(answer)
            yield page

    def _first_waiting(self) -> datetime:
        try:
            return self._inbox().backlog().oldest or datetime.now(UTC)
        except InboxError as error:
            raise TransientError(f"{SYSTEM}: {error}") from None

    def _claimed(self) -> bytes:
        """The records of the next events, as one JSON array."""
        try:
            events = self._inbox().claim(drainer())
        except InboxError as error:
            raise TransientError(f"{SYSTEM}: {error}") from None
        return b"[" + b",".join(map(record, events)) + b"]"


def drainer() -> str:
    """This data directory's name as a drainer: who comes after a crash continues under the same one."""
    return f"{socket.gethostname()}:{settings().data_dir}"


def record(event: Received) -> bytes:
    """The event as a record of ``raw_events.event``: the same bytes whenever it is read."""
    values = {name: getattr(event, name) for name in OBJECTS["event"].columns if hasattr(event, name)}
    values["payload"], values["payload_encoding"] = _as_text(event.payload)
    values["payload_sha256"] = hashlib.sha256(event.payload).hexdigest()
    return msgspec.json.encode(values)


def _drain(inbox: Inbox) -> int:
    try:
        # What an earlier drain of this data directory took and could not acknowledge.
        inbox.release(drainer())
        # What comes meanwhile is left to the next drain: this one ends.
        drained, waiting = 0, inbox.backlog().events
        while drained < waiting:
            try:
                pipelines.run(SYSTEM, source(inbox))
            except SourceError:
                inbox.release(drainer())
                raise
            loaded = inbox.ack(drainer())
            if not loaded:
                break
            drained += loaded
        inbox.purge(datetime.now(UTC) - timedelta(days=event_settings().keep_days))
        return drained
    finally:
        inbox.close()


def _as_text(payload: bytes) -> tuple[str, str]:
    try:
        return payload.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode("ascii"), "base64"
