"""The raw contract: an append-only log of every version of every record a vendor sent.

A vendor's records arrive as the bytes of their JSON objects. They become Arrow tables with the declared, exact types;
what is not declared is kept in ``_extra``, what breaks the declaration goes to the ``quarantine`` table with a reason,
a version that raw already holds is not appended again, and a record that is gone becomes a tombstone row.

Columns added to the declared ones: ``_extra`` (JSON text), ``_record_hash`` (64-bit hash of the record's bytes),
``_is_deleted``, ``_extracted_at`` (UTC; later for what was delivered later, so that it orders the versions of a record)
and dlt's ``_dlt_load_id``. Next to the objects each raw schema has a ``quarantine`` table and a ``feed`` table with one
row per object and extraction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from ingestion.archive.tape import is_whole, noted
from ingestion.contract import (
    FEED_SCHEMA,
    QUARANTINE_SCHEMA,
    SYSTEM_SCHEMA,
    Bookmark,
    CompleteFor,
    CompleteSet,
    CompleteWindow,
    Deleted,
    Fetch,
    Fetched,
    Page,
    RawObject,
    Window,
    column_name,
)
from ingestion.convert import Batch, Rejected, record_hash, to_batch
from ingestion.http.errors import CredentialsError, PermanentError, SourceError, TransientError
from ingestion.versions import (
    MAX_VANISHED_SHARE,
    TOMBSTONE_HASH,
    Reader,
    VersionIndex,
    known_versions,
    reading,
    tombstones,
)

__all__ = [
    "FEED_SCHEMA",
    "MAX_VANISHED_SHARE",
    "QUARANTINE_SCHEMA",
    "SYSTEM_SCHEMA",
    "TOMBSTONE_HASH",
    "Batch",
    "Bookmark",
    "CompleteFor",
    "CompleteSet",
    "CompleteWindow",
    "Deleted",
    "Fetch",
    "Fetched",
    "Page",
    "RawObject",
    "VersionIndex",
    "Window",
    "column_name",
    "raw_resource",
    "side_table",
    "to_batch",
    "tombstones",
]

# The metric of a resource that says why its object could not be read.
FAILURE = "failure"

# Records are converted this many at a time: small pages (50 to 200 rows) would spend more on Arrow's fixed cost per
# table than on their rows. The bound in bytes keeps wide records from filling the memory.
BATCH_ROWS = 20_000
BATCH_BYTES = 32 << 20

_MICROSECOND = timedelta(microseconds=1)


def raw_resource(
    system: str,
    obj: RawObject,
    fetch: Fetch,
    vendor_time: Callable[[], datetime | None],
    start: date | None = None,
    *,
    fails_alone: bool = True,
) -> DltResource:
    """The dlt resource that appends what ``fetch`` yields to ``raw_<system>.<object>``.

    ``fetch`` gets the window to read and yields pages of JSON records, ``Deleted`` keys, ``CompleteFor`` parents,
    ``CompleteSet``, ``CompleteWindow`` or a ``Bookmark`` for the next reading. ``vendor_time`` is the vendor's own
    clock: the next window starts there, less the object's overlap, and it is what the feed is known to be complete
    through (None: nothing is said). ``start`` bounds the first load of an object with a cursor.

    An object that cannot be read ``fails_alone``: the metric ``failure`` says why, its state stays as it was, and the
    others of its system are read. The versions that came before it failed are kept: they are true, and the next run,
    which begins where this one did, does not append them again. What concerns the whole system is raised: refused
    credentials, an error that outlasted its retries, and a vendor that cannot even be asked for its time.
    """

    def extract() -> Iterator[Any]:
        state, metrics = dlt.current.resource_state(), dlt.current.resource_metrics()
        before = deepcopy(dict(state))
        if is_whole():
            state.clear()
        window = _window(obj, state, start)
        complete_through = vendor_time()
        extraction = _Extraction(system, obj, window)
        try:
            yield from extraction.tables(fetch)
        except SourceError as error:
            if not fails_alone or isinstance(error, TransientError | CredentialsError):
                raise
            state.clear()
            state.update(before)
            metrics[FAILURE] = str(error)
            return
        yield extraction.feed(complete_through)
        if obj.cursor and complete_through:
            state["complete_through"] = complete_through.isoformat()
        if extraction.bookmark is not None:
            state["bookmark"] = dict(extraction.bookmark)

    return dlt.resource(
        extract,
        name=obj.name,
        table_name=obj.name,
        write_disposition="append",
        # Rows always have the declared columns: a new column is a new declaration, a new type would be a mistake.
        schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
    )


class _Extraction:
    """One reading of one object: turns what the vendor's client yields into the tables to append."""

    def __init__(self, system: str, obj: RawObject, window: Window) -> None:
        self.bookmark: Mapping[str, str] | None = None
        self._system = system
        self._obj = obj
        self._window = window
        with reading() as read:
            self._index = VersionIndex(obj, known_versions(read, obj, window.start))
            last = _last_extraction(read, obj)
            # Tables that a load would have to create or widen; an empty file costs as much as one with rows.
            declared = {obj.name: obj.schema, "quarantine": QUARANTINE_SCHEMA}
            self._missing = [name for name, schema in declared.items() if not set(schema.names) <= _columns(read, name)]
        # Whether the index holds only what changed in the window.
        self._partial = bool(obj.cursor and window.start and not obj.parent)
        self._counts = dict.fromkeys(("records_received", "versions_appended", "tombstones", "quarantined"), 0)
        self._quarantined: set[int] | None = None
        self._without_key = 0
        self._at = max(noted(datetime.now(UTC)), last + _MICROSECOND)

    def tables(self, fetch: Fetch) -> Iterator[Any]:
        """The tables to append, in the order of delivery; empty ones first, so that every table exists as declared."""
        if self._obj.name in self._missing:
            yield self._obj.schema.empty_table()
        if "quarantine" in self._missing:
            yield side_table(QUARANTINE_SCHEMA.empty_table(), "quarantine")
        complete = self._obj.snapshot
        window_complete = False
        records: list[bytes | msgspec.Raw] = []
        size = 0
        for page in fetch(self._window):
            if isinstance(page, CompleteSet):
                complete = True
            elif isinstance(page, CompleteWindow):
                window_complete = True
            elif isinstance(page, Bookmark):
                self.bookmark = page.value
            elif isinstance(page, Deleted | CompleteFor):
                yield from self._converted(records)
                records, size = [], 0
                yield from self._deleted(page)
            else:
                records.extend(page)
                size += sum(memoryview(r).nbytes for r in page)
                if len(records) >= BATCH_ROWS or size >= BATCH_BYTES:
                    yield from self._converted(records)
                    records, size = [], 0
        yield from self._converted(records)
        if self._without_key and self._without_key == self._counts["records_received"]:
            raise PermanentError(
                f"{self._system}: none of the {self._without_key} records of {self._obj.name} has "
                f"{' and '.join(self._obj.key)}, they are in quarantine; correct the integration user's permissions or, "
                "if the vendor renamed it, the declaration, and run again"
            )
        if complete:
            self._learn_all()
            yield from self._gone(self._index.vanished())
        elif window_complete and (self._partial or self._window.start is None):
            # The index holds what lies in the window, and no more unless the vendor delivered what lies before it.
            yield from self._gone(self._index.vanished())

    def feed(self, complete_through: datetime | None) -> Any:
        """The row that says how far this reading went and what it brought."""
        row: dict[str, Any] = {"object": self._obj.name, "complete_through": complete_through}
        row |= {"window_start": self._window.start, "domain": self._obj.domain}
        row |= self._counts | {"_extracted_at": self._at}
        return side_table(pa.Table.from_pylist([row], FEED_SCHEMA), "feed")

    def _converted(self, records: list[bytes | msgspec.Raw]) -> Iterator[Any]:
        if not records:
            return
        batch = to_batch(self._obj, records, self._at)
        self._counts["records_received"] += len(records)
        if batch.rejected:
            yield from self._quarantine(batch.rejected)
        if self._partial and self._reaches_back(batch.rows):
            # The vendor ignored the filter; without the whole index every old version would be appended again.
            self._learn_all()
        rows = self._index.new_versions(batch.rows)
        if len(rows):
            self._counts["versions_appended"] += len(rows)
            self._at = pc.max(rows.column("_extracted_at")).as_py() + _MICROSECOND
            yield rows

    def _deleted(self, page: Deleted | CompleteFor) -> Iterator[Any]:
        if isinstance(page, Deleted) and not page.keys:
            return
        # What is deleted now may have been changed last long before the window.
        self._learn_all()
        index = self._index
        yield from self._gone(index.deletable(page.keys) if isinstance(page, Deleted) else index.orphans(page.parents))

    def _gone(self, keys: list[Any]) -> Iterator[Any]:
        if keys:
            self._index.mark_deleted(keys)
            self._counts["tombstones"] += len(keys)
            yield tombstones(self._obj, keys, self._at)
            self._at += _MICROSECOND

    def _learn_all(self) -> None:
        if self._partial:
            with reading() as read:
                self._index.learn(known_versions(read, self._obj, None))
            self._partial = False

    def _reaches_back(self, rows: pa.Table) -> bool:
        assert self._obj.cursor and self._window.start
        oldest = pc.min(rows.column(column_name(self._obj.cursor))).as_py()
        return oldest is not None and bool(oldest < self._window.start)

    def _quarantine(self, rejected: list[Rejected]) -> Iterator[Any]:
        """The rejected records, less those that were quarantined already."""
        self._counts["quarantined"] += len(rejected)
        self._without_key += sum(key is None for key, _, _ in rejected)
        self._index.saw_unreadable(key for key, _, _ in rejected)
        if self._quarantined is None:
            with reading() as read:
                self._quarantined = _quarantined_before(read, self._obj)
        rows = []
        for key, reason, raw in rejected:
            version = record_hash(raw)
            if version not in self._quarantined:
                self._quarantined.add(version)
                text = raw.decode("utf-8", "replace")
                values = (self._obj.name, key, reason, text, version, self._at)
                rows.append(dict(zip(QUARANTINE_SCHEMA.names, values, strict=True)))
        if rows:
            yield side_table(pa.Table.from_pylist(rows, QUARANTINE_SCHEMA), "quarantine")


def _window(obj: RawObject, state: Mapping[str, Any], start: date | None) -> Window:
    bookmark = state.get("bookmark")
    if not obj.cursor:
        return Window(None, bookmark)
    if last := state.get("complete_through"):
        return Window(datetime.fromisoformat(last) - obj.overlap, bookmark)
    return Window(datetime(start.year, start.month, start.day, tzinfo=UTC) if start else None, bookmark)


def side_table(table: pa.Table, name: str) -> Any:
    """``table`` as what a resource yields to have it appended to the raw table ``name``."""
    hints = dlt.mark.make_hints(table_name=name, write_disposition="append")
    return dlt.mark.with_hints(table, hints, create_table_variant=True)


def _columns(read: Reader, table: str) -> set[str]:
    """The columns of a raw table; none when it does not exist yet."""
    return {
        row[0] for row in read(lambda c: f"select column_name from (describe {c.make_qualified_table_name(table)})")
    }


def _last_extraction(read: Reader, obj: RawObject) -> datetime:
    """When raw was last appended to: this run's times must be later even if the machine's clock was set back."""

    def sql(client: Any) -> str:
        return f"select max(_extracted_at) from {client.make_qualified_table_name('feed')} where object = %s"

    rows = read(sql, obj.name)
    return rows[0][0] if rows and rows[0][0] else datetime.min.replace(tzinfo=UTC)


def _quarantined_before(read: Reader, obj: RawObject) -> set[int]:
    def sql(client: Any) -> str:
        return f"select _record_hash from {client.make_qualified_table_name('quarantine')} where object = %s"

    return {row[0] for row in read(sql, obj.name)}
