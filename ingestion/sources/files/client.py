"""The drop folder as a source: which files are taken, what they hold, and where they go.

A file is claimed by a rename from inbox to processing, read as a whole, and stays there until a later run finds it in
the warehouse's manifest: only then it goes to the archive. So a crash at any moment loses nothing, and what is read
again is the same version for the raw contract. Names in processing and archive begin with the content's hash. What the
archive holds and the warehouse does not know (it was restored or deleted) is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import msgspec

from ingestion.archive.tape import is_replay
from ingestion.contract import CompleteSet, Deleted, Page, RawObject
from ingestion.http.errors import PermanentError
from ingestion.sources.files import bai, camt, delimited, fixed_width, workbook
from ingestion.sources.files.feed import Feed, Refused
from ingestion.sources.files.folder import Entry, Folder
from ingestion.sources.files.rows import Content
from ingestion.sources.files.schema import SUPPLEMENTARY
from ingestion.sources.files.settings import (
    ARCHIVE,
    INBOX,
    MAX_FILE_BYTES,
    MIN_GUARDED_RECORDS,
    MIN_SNAPSHOT_SHARE,
    PROCESSING,
    QUARANTINE,
    UNFINISHED,
)

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LOADED, UNCHANGED, DUPLICATE, QUARANTINED = "loaded", "unchanged", "duplicate", "quarantined"
_HASH_LETTERS = 16
_READERS: Mapping[str, Callable[[Feed, bytes], Content]] = {
    "delimited": delimited.read,
    "fixed_width": fixed_width.read,
    "workbook": workbook.read,
    "camt.053": camt.read,
    "bai2": bai.read,
}
_encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass(frozen=True)
class Known:
    """Content that the warehouse's manifest tells of as loaded; ``stamp`` is the newest export that had it."""

    sha256: str
    feed: str
    stamp: datetime
    records: int


@dataclass
class Drop:
    """A file to be read: where it lies now, where it was dropped, and after reading what it holds."""

    at: Entry
    path: str
    sha256: str
    content: Content = field(default_factory=Content)
    stamp: datetime = NEVER

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class DropFolder:
    """One run's view of a drop folder. ``known`` is what the warehouse holds, by hash; ``domains`` are those served."""

    def __init__(
        self,
        folder: Folder,
        feeds: Mapping[str, Feed],
        known: Mapping[str, Known],
        domains: Iterable[str] = ("erp", "bank"),
        stable_seconds: float = 0.0,
    ) -> None:
        self._folder, self._known = folder, known
        self._names = [feed.files for feed in feeds.values()]
        self._feeds = {name: feed for name, feed in feeds.items() if feed.domain in set(domains)}
        self._read: dict[str, list[Drop]] = {}
        # Time, hash and number of records of every export of a feed that is loaded, also by this run.
        self._exports: dict[str, list[tuple[datetime, str, int]]] = {}
        self._manifest: list[dict[str, Any]] = []
        # Hashes that this run has taken, so that a second file with the same content is not.
        self._taken: set[str] = set()
        if not folder.exists(INBOX):
            raise PermanentError(f"files: the drop folder has no folder {INBOX}; correct location or create it")
        self._unread = {entry.path: entry for entry in self._claimed()}
        self._waiting = self._settled(stable_seconds)

    def fetch(self, obj: RawObject) -> Iterator[Page | Deleted | CompleteSet]:
        """What the new files of ``obj`` say, oldest export first; the manifest of this run for the manifest."""
        if obj.name not in self._feeds:
            yield from self._told(obj)
            return
        feed = self._feeds[obj.name]
        drops = self._new(feed)
        for drop in drops:
            yield from _records(feed, drop)
        if drops and feed.delivery == "snapshot":
            last = {_key(feed, row.fields) for row in drops[-1].content.rows}
            earlier = {_key(feed, row.fields) for drop in drops[:-1] for row in drop.content.rows}
            yield Deleted(list(earlier - last))
            yield CompleteSet()

    def complete_through(self, obj: RawObject) -> datetime | None:
        """The time of the newest export of ``obj`` that is loaded with this run: long ago when none ever came.

        None for a feed that nobody asks for, and for the manifest. What a firm's tools do not have, and its declarations
        leave out, is as complete as the newest export of its domain.
        """
        if obj.name not in self._feeds:
            served = [f for f in self._feeds.values() if obj.name in SUPPLEMENTARY and f.domain == obj.domain]
            return max((self._newest(feed) for feed in served), default=None)
        return self._newest(self._feeds[obj.name])

    def _newest(self, feed: Feed) -> datetime:
        self._new(feed)
        return max([NEVER, *(stamp for stamp, _, _ in self._exports[feed.feed])])

    # --- where files are ---

    def _claimed(self) -> Iterator[Entry]:
        """Files that an earlier run claimed and the warehouse does not hold; those that it holds go to the archive."""
        held = {sha[:_HASH_LETTERS] for sha in self._known}
        for entry in self._folder.files(PROCESSING):
            if entry.name[:_HASH_LETTERS] in held:
                self._folder.move(entry.path, f"{ARCHIVE}/{datetime.now(UTC):%Y/%m}/{entry.name}")
            else:
                yield entry
        for entry in self._folder.files(ARCHIVE):
            if entry.name[:_HASH_LETTERS] not in held:
                yield entry

    def _settled(self, stable_seconds: float) -> dict[str, Entry]:
        """Files in the inbox that nobody is writing any more: of some size, unchanged for a while."""
        first = {entry.path: entry for entry in self._folder.files(INBOX)}
        if first and stable_seconds:
            if not is_replay():
                time.sleep(stable_seconds)
            first = {entry.path: entry for entry in self._folder.files(INBOX) if first.get(entry.path) == entry}
        return {
            path: entry for path, entry in first.items() if entry.size and not entry.name.lower().endswith(UNFINISHED)
        }

    def _new(self, feed: Feed) -> list[Drop]:
        """The feed's files of this run, claimed, read and in order; each is looked at once."""
        if feed.feed not in self._read:
            self._exports[feed.feed] = [
                (k.stamp, k.sha256, k.records) for k in self._known.values() if k.feed == feed.feed
            ]
            self._read[feed.feed] = self._with_newer(feed, list(self._offered(feed)))
        return self._read[feed.feed]

    def _offered(self, feed: Feed) -> Iterator[Drop]:
        """The feed's files, claimed before or now, by the time of the export: what repeats is told by what came before."""
        claimed = [(entry.name[_HASH_LETTERS + 1 :], entry) for entry in self._unread.values()]
        waiting = [(entry.name, entry) for entry in self._waiting.values()]
        found = [(name, entry) for name, entry in (*claimed, *waiting) if feed.files.fullmatch(name)]
        for name, entry in sorted(found, key=lambda item: (_named_stamp(feed, item[0]), item[0])):
            is_waiting = self._waiting.pop(entry.path, None) is not None
            self._unread.pop(entry.path, None)
            path = entry.path if is_waiting else f"{INBOX}/{name}"
            if entry.size > MAX_FILE_BYTES:
                self._set_aside(feed.feed, Drop(entry, path, ""), f"larger than {MAX_FILE_BYTES >> 20} MiB")
                continue
            content = self._folder.read(entry.path)
            if len(content) != entry.size:
                continue  # still being written: the next run takes it
            drop = Drop(entry, path, sha256(content).hexdigest())
            if is_waiting:
                target = f"{PROCESSING}/{drop.sha256[:_HASH_LETTERS]}-{name}"
                self._folder.move(entry.path, target)
                drop.at = Entry(target, entry.size, entry.modified_at)
            yield from self._judged(feed, drop, content)

    def _judged(self, feed: Feed, drop: Drop, content: bytes) -> Iterator[Drop]:
        """The drop with its content, unless it is broken or says nothing that was not said before."""
        newest = max(self._exports[feed.feed], default=None)
        try:
            drop.content = _READERS[feed.layout.format](feed, content)
            drop.stamp = _stamp(feed, drop)
            _check_volume(feed, drop, newest)
        except Refused as refused:
            self._set_aside(feed.feed, drop, str(refused))
            return
        if drop.sha256 in self._known or drop.sha256 in self._taken:
            is_newest = newest is not None and drop.stamp > newest[0]
            returns = feed.delivery == "snapshot" and newest is not None and newest[1] != drop.sha256
            if not (is_newest and returns):
                # An export that equals the last one says that nothing has changed since; any other is a copy.
                unchanged = is_newest and (feed.delivery == "snapshot" or not drop.content.rows)
                self._repeated(feed, drop, unchanged)
                return
        self._taken.add(drop.sha256)
        self._exports[feed.feed].append((drop.stamp, drop.sha256, len(drop.content.rows)))
        yield drop

    def _repeated(self, feed: Feed, drop: Drop, unchanged: bool) -> None:
        if unchanged:
            self._exports[feed.feed].append((drop.stamp, drop.sha256, len(drop.content.rows)))
            self._note(feed.feed, drop, UNCHANGED, "the same content as the export before")
        else:
            self._note(feed.feed, drop, DUPLICATE, "the same content was dropped before")
        if drop.sha256 in self._known:
            self._folder.move(drop.at.path, f"{ARCHIVE}/{datetime.now(UTC):%Y/%m}/{drop.at.name}")

    def _with_newer(self, feed: Feed, drops: list[Drop]) -> list[Drop]:
        """``drops`` by time, and after a late one those that are newer and loaded once more: the newest has the last word.

        A late file is set aside when a newer one has left the archive, where it would have to be read again.
        """
        again: dict[str, Drop] = {}
        on_time = []
        archived = {entry.name[:_HASH_LETTERS]: entry for entry in self._folder.files(ARCHIVE)} if drops else {}
        for drop in drops:
            newer = [k for k in self._known.values() if k.feed == feed.feed and k.stamp > drop.stamp]
            if feed.delivery == "statements":
                newer = []
            if any(known.sha256[:_HASH_LETTERS] not in archived for known in newer):
                self._set_aside(feed.feed, drop, "late: a newer file is loaded, and no longer in the archive")
                continue
            for known in newer:
                if known.sha256 not in again:
                    again[known.sha256] = self._again(feed, known, archived[known.sha256[:_HASH_LETTERS]])
            on_time.append(drop)
            self._note(feed.feed, drop, LOADED, drop.content.note)
        return sorted([*on_time, *again.values()], key=lambda drop: (drop.stamp, drop.path))

    def _again(self, feed: Feed, known: Known, entry: Entry) -> Drop:
        drop = Drop(entry, f"{INBOX}/{entry.name[_HASH_LETTERS + 1 :]}", known.sha256, stamp=known.stamp)
        drop.content = _READERS[feed.layout.format](feed, self._folder.read(entry.path))
        return drop

    # --- what becomes of them ---

    def _set_aside(self, feed: str | None, drop: Drop, reason: str) -> None:
        """Move a file to quarantine, with the reason beside it."""
        target = f"{QUARANTINE}/{drop.sha256[:_HASH_LETTERS] or 'unread'}/{drop.name}"
        self._folder.move(drop.at.path, target)
        told = {"file": drop.path, "sha256": drop.sha256, "feed": feed, "reason": reason}
        told |= {"at": datetime.now(UTC).isoformat(timespec="seconds")}
        self._folder.write(f"{target}.error.json", msgspec.json.format(_encode(told), indent=2) + b"\n")
        self._note(feed, drop, QUARANTINED, reason)

    def _note(self, feed: str | None, drop: Drop, status: str, reason: str | None) -> None:
        self._manifest.append(
            {
                "path": drop.path,
                "sha256": drop.sha256 or "unread",
                "size": drop.at.size,
                "feed": feed,
                "status": status,
                "reason": reason,
                "records": len(drop.content.rows),
                "file_stamp": None if drop.stamp == NEVER else drop.stamp.isoformat(),
                "modified_at": drop.at.modified_at.isoformat(),
            }
        )

    def _told(self, obj: RawObject) -> Iterator[Page]:
        """The manifest of this run; files that no feed is declared for are set aside with it."""
        if obj.name != "manifest":
            return
        for path, entry in self._waiting.items():
            if any(name.fullmatch(entry.name) for name in self._names):
                continue  # of a feed that this run does not read
            drop = Drop(entry, path, "" if entry.size > MAX_FILE_BYTES else sha256(self._folder.read(path)).hexdigest())
            self._set_aside(None, drop, "no feed is declared for files of this name")
        self._folder.close()
        yield [_encode(row) for row in self._manifest]


def _stamp(feed: Feed, drop: Drop) -> datetime:
    """The time of the export: from the name where the feed says so, else from the content. UTC."""
    digits = _named_stamp(feed, drop.name)
    if not digits:
        if drop.content.stamp is None:
            raise Refused("the file does not say when it was made")
        return drop.content.stamp.astimezone(UTC)
    try:
        return datetime.strptime(f"{digits:0<14}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(f"{digits} in the file name is no time") from None


def _named_stamp(feed: Feed, name: str) -> str:
    """The time of the export as the file name has it; empty where names have none."""
    match = feed.files.fullmatch(name)
    return (match.groupdict().get("stamp") if match else None) or ""


def _check_volume(feed: Feed, drop: Drop, newest: tuple[datetime, str, int] | None) -> None:
    """Raise Refused for a complete set that holds far less than the last one: a broken export, not a mass deletion."""
    records = len(drop.content.rows)
    if feed.delivery != "snapshot" or newest is None or drop.stamp < newest[0]:
        return
    if newest[2] >= MIN_GUARDED_RECORDS and records < MIN_SNAPSHOT_SHARE * newest[2]:
        raise Refused(f"only {records} records, the last complete set had {newest[2]}")


def _key(feed: Feed, fields: Mapping[str, Any]) -> Any:
    """The key of a row as raw has it: dates are dates there."""
    values = tuple(_typed(fields.get(name), feed.object.columns[name]) for name in feed.object.key)
    return values if len(values) > 1 else values[0]


def _typed(value: Any, kind: str) -> Any:
    try:
        return date.fromisoformat(value) if kind == "date" and value else value
    except ValueError:
        return value


def _records(feed: Feed, drop: Drop) -> Iterator[Page | Deleted]:
    """The rows of a file in their order, as records with where they come from; deletions between them."""
    source = {"file_name": drop.name, "file_sha256": drop.sha256, "file_stamp": drop.stamp.isoformat()}
    page: list[bytes] = []
    for row in drop.content.rows:
        if row.is_deleted:
            if page:
                yield page
                page = []
            yield Deleted([_key(feed, row.fields)])
        else:
            page.append(_encode({**row.fields, **source, "row_number": row.number}))
    if page:
        yield page
