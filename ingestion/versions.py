"""What raw already holds: the latest version of every record, against which an extraction is compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from ingestion.config import settings
from ingestion.contract import RawObject, column_name
from ingestion.http.errors import SourceError
from ingestion.warehouse import exclusive

# A snapshot that misses more than this share of the keys known before is a broken answer, not a mass deletion;
# below the least number of keys a share says nothing.
MAX_VANISHED_SHARE = 0.5
MIN_GUARDED_KEYS = 20
TOMBSTONE_HASH = 0

# Reads the rows of a statement, none when its table does not exist yet. The statement is built with dlt's client of the
# destination, which quotes and qualifies names; its parameters follow.
Reader = Callable[..., list[tuple[Any, ...]]]

_clients: WeakKeyDictionary[dlt.Pipeline, Any] = WeakKeyDictionary()


class Held(NamedTuple):
    """The latest version of one record in raw: its hash (``TOMBSTONE_HASH``: it is gone) and its parent's key."""

    version: int
    parent: Any


class VersionIndex:
    """Which version of each record raw holds, and what this extraction has seen of it.

    Keys are values of the key column, or tuples of them where a record has several key columns.
    """

    def __init__(self, obj: RawObject, known: Mapping[Any, Held]) -> None:
        self._obj = obj
        self._latest: dict[Any, int] = {k: v.version for k, v in known.items()}
        self._known = known
        self._seen: set[Any] = set()
        # Keys seen but not yet in the set: most extractions never ask for what they have not seen.
        self._delivered: list[list[Any]] = []
        self._unreadable: set[str] = set()
        self._unidentified = 0

    def new_versions(self, rows: pa.Table) -> pa.Table:
        """The rows whose version raw does not hold yet; repeated deliveries within the run are dropped too.

        A record that comes several times with different content keeps all its versions, each extracted a microsecond
        after the one before it: the order of delivery decides which one is the latest.
        """
        keys = self._keys(rows)
        versions = rows.column("_record_hash").to_pylist()
        self._delivered.append(keys)
        latest = self._latest
        delivered = dict(zip(keys, versions, strict=True))
        if len(delivered) == len(keys) and latest.keys().isdisjoint(delivered):
            latest.update(delivered)
            return rows
        keep: list[int] = []
        delays: list[int] = []
        times_kept: defaultdict[Any, int] = defaultdict(int)
        for position, (key, version) in enumerate(zip(keys, versions, strict=True)):
            if latest.get(key) != version:
                latest[key] = version
                keep.append(position)
                delays.append(times_kept[key])
                times_kept[key] += 1
        kept = rows.take(pa.array(keep, pa.int64()))
        return _delayed(kept, delays) if any(delays) else kept

    def learn(self, known: Mapping[Any, Held]) -> None:
        """Add versions that raw holds and that were not asked for at the start; ``known`` is all of them."""
        for key, held in known.items():
            self._latest.setdefault(key, held.version)
        self._known = known
        self.__dict__.pop("_children", None)

    def saw_unreadable(self, keys: Iterable[str | None]) -> None:
        """Quarantined records: raw holds no version of what was sent, but the vendor still has them.

        One whose key is unreadable may be any of the known records; until it is gone or mended, absence proves nothing.
        """
        for key in keys:
            if key is None:
                self._unidentified += 1
            else:
                self._unreadable.add(key)

    def deletable(self, keys: Iterable[Any]) -> list[Any]:
        """Those of ``keys`` that raw holds as living records; text and whole numbers are taken for one another."""
        typed = dict.fromkeys(self._typed(key) for key in keys)
        return [k for k in typed if self._latest.get(k, TOMBSTONE_HASH) != TOMBSTONE_HASH]

    def vanished(self) -> list[Any]:
        """Known living keys that a complete set of records did not contain.

        Raises SourceError when too many are missing to believe that they are gone.
        """
        self._note_delivered()
        living = [k for k, held in self._known.items() if held.version != TOMBSTONE_HASH]
        gone = [k for k in living if self._is_gone(k)]
        if len(living) >= MIN_GUARDED_KEYS and len(gone) > MAX_VANISHED_SHARE * len(living):
            raise SourceError(
                f"{self._obj.name}: the vendor returned only {len(living) - len(gone)} of {len(living)} known records; "
                "nothing was marked deleted, check the credential's permissions and run again"
            )
        return gone

    def orphans(self, parents: Iterable[Any]) -> list[Any]:
        """Known living children of ``parents`` that this extraction did not contain."""
        self._note_delivered()
        children = (child for parent in dict.fromkeys(map(str, parents)) for child in self._children.get(parent, ()))
        return [k for k in children if self._is_gone(k)]

    def mark_deleted(self, keys: Iterable[Any]) -> None:
        """Remember that these have got their tombstones."""
        self._latest.update(dict.fromkeys(keys, TOMBSTONE_HASH))

    @cached_property
    def _children(self) -> Mapping[str, Sequence[Any]]:
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for key, held in self._known.items():
            if held.parent is not None:
                found[str(held.parent)].append(key)
        return found

    def _note_delivered(self) -> None:
        self._seen.update(*self._delivered)
        self._delivered.clear()

    def _is_gone(self, key: Any) -> bool:
        text = "|".join(map(str, key)) if isinstance(key, tuple) else str(key)
        alive_in_raw = self._latest[key] != TOMBSTONE_HASH
        return alive_in_raw and key not in self._seen and text not in self._unreadable and not self._unidentified

    def _typed(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        types = (self._obj.schema.field(column).type for column in self._obj.key_columns)
        typed = tuple(_as_type(part, kind) for part, kind in zip(parts, types, strict=True))
        return typed if len(typed) > 1 else typed[0]

    def _keys(self, rows: pa.Table) -> list[Any]:
        columns = [rows.column(c).to_pylist() for c in self._obj.key_columns]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _as_type(value: Any, kind: pa.DataType) -> Any:
    if pa.types.is_integer(kind) and isinstance(value, str) and value.isdecimal():
        return int(value)
    return str(value) if pa.types.is_string(kind) else value


def _delayed(rows: pa.Table, microseconds: list[int]) -> pa.Table:
    position = rows.schema.get_field_index("_extracted_at")
    later = pc.add(rows.column(position), pa.array(microseconds, pa.duration("us")))
    return rows.set_column(position, rows.schema.field(position), later)


def tombstones(obj: RawObject, keys: Sequence[Any], extracted_at: datetime) -> pa.Table:
    """Rows that say that the records with ``keys`` are gone; only key and system columns are filled."""
    columns = obj.key_columns
    rows = []
    for key in keys:
        parts = key if isinstance(key, tuple) else (key,)
        row = dict(zip(columns, parts, strict=True))
        rows.append(row | {"_record_hash": TOMBSTONE_HASH, "_is_deleted": True, "_extracted_at": extracted_at})
    return pa.Table.from_pylist(rows, schema=obj.schema)


def known_versions(read: Reader, obj: RawObject, since: datetime | None) -> dict[Any, Held]:
    """Key -> latest version as raw holds it; with ``since`` only records that changed from then on."""

    def sql(client: Any) -> str:
        quoted = client.escape_column_name
        keys = ", ".join(quoted(c) for c in obj.key_columns)
        parent = quoted(column_name(obj.parent)) if obj.parent else "null"
        where = "version_rank = 1"
        if obj.cursor and since and not obj.parent:
            cursor = quoted(column_name(obj.cursor))
            # A tombstone has no cursor value, nor has a record that never changed at some vendors: both must stay
            # visible, or they would be appended again.
            where += f" and ({cursor} is null or {cursor} >= '{since.isoformat()}')"
        return (
            f"select {keys}, _record_hash, {parent} from (select *, row_number() over "
            f"(partition by {keys} order by _extracted_at desc, _dlt_load_id desc) as version_rank "
            f"from {client.make_qualified_table_name(obj.name)}) as versions where {where}"
        )

    width = len(obj.key)
    rows = read(sql)
    return {(row[0] if width == 1 else tuple(row[:width])): Held(row[width], row[width + 1]) for row in rows}


@contextmanager
def reading() -> Iterator[Reader]:
    """A connection to the active pipeline's raw schema, to read from; nobody else uses the warehouse meanwhile."""
    # Not dlt.current.pipeline(): it resolves the settings of a new pipeline each time, a twelfth of a small load.
    pipeline = Container()[PipelineContext].pipeline()
    # Configuring dlt's client costs more than connecting it.
    if pipeline not in _clients:
        _clients[pipeline] = pipeline.sql_client()
    with exclusive(settings().warehouse_path), _clients[pipeline] as client:

        def read(sql: Callable[[Any], str], *parameters: Any) -> list[tuple[Any, ...]]:
            try:
                with client.execute_query(sql(client), *parameters) as cursor:
                    return list(cursor.fetchall())
            except DatabaseUndefinedRelation:
                return []

        yield read
