"""The raw contract: an append-only log of every version of every record a vendor sent.

A vendor's records arrive as the bytes of their JSON objects. They become Arrow tables with the declared, exact types;
what is not declared is kept in ``_extra``, what breaks the declaration goes to the ``quarantine`` table with a reason,
a version that raw already holds is not appended again, and a record that is gone becomes a tombstone row.

Columns added to the declared ones: ``_extra`` (JSON text), ``_record_hash`` (64-bit hash of the record's bytes),
``_is_deleted``, ``_extracted_at`` (UTC) and dlt's ``_dlt_load_id``. Next to the objects each raw schema has a
``quarantine`` table and a ``feed`` table with one row per object and extraction.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from hashlib import blake2b
from typing import Any

import dlt
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from dlt.common.normalizers.naming.snake_case import NamingConvention
from dlt.extract import DltResource

from ingestion.http.errors import SourceError

_naming = NamingConvention()
_decimal_type = re.compile(r"^decimal\((\d+),(\d+)\)$")
_zoned_type = re.compile(r"^timestamp\(([A-Za-z_/+\-0-9]+)\)$")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode

# Records are converted this many at a time: small pages (50 to 200 rows) would spend more on Arrow's fixed cost per
# table than on their rows, and a batch of this size stays under 30 MB.
BATCH_ROWS = 20_000
# A snapshot that misses more than this share of the keys known before is a broken answer, not a mass deletion.
MAX_VANISHED_SHARE = 0.5
TOMBSTONE_HASH = 0

_utc = pa.timestamp("us", tz="UTC")
SYSTEM_SCHEMA = pa.schema(
    [("_extra", pa.string()), ("_record_hash", pa.int64()), ("_is_deleted", pa.bool_()), ("_extracted_at", _utc)]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        *[(n, pa.string()) for n in ("object", "record_key", "reason", "record")],
        ("_record_hash", pa.int64()),
        ("_extracted_at", _utc),
    ]
)
FEED_SCHEMA = pa.schema(
    [
        ("object", pa.string()),
        ("complete_through", _utc),
        ("window_start", _utc),
        *[(n, pa.int64()) for n in ("records_received", "versions_appended", "tombstones", "quarantined")],
        ("_extracted_at", _utc),
    ]
)


def column_name(vendor_field: str) -> str:
    """Raw column of a vendor field: snake case, ``__`` between the parts of a dotted path."""
    return "__".join(_naming.normalize_identifier(part) for part in vendor_field.split("."))


@dataclass(frozen=True)
class RawObject:
    """One kind of record of one vendor, and what is declared about it.

    ``columns`` maps vendor fields to types: ``text``, ``bigint``, ``bool``, ``date``, ``decimal(p,s)``, ``json``,
    ``timestamp`` (ISO text with an offset) or ``timestamp(ZONE)`` (text without one, local to ZONE). A dotted vendor
    field reaches into a nested object. Declaring only flat, non-json columns selects the columnar path.
    ``cursor`` is the vendor field that every change moves; ``overlap`` is read again on each run, for late commits
    and clock skew. ``snapshot`` says that every extraction returns the complete set, so that absent keys are deletions.
    ``parent`` is the vendor field naming the parent whose children arrive complete (see ``CompleteFor``).
    ``transport`` lists envelope fields of a record that carry no business content (links, attributes).
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    cursor: str | None = None
    overlap: timedelta = timedelta(minutes=10)
    snapshot: bool = False
    parent: str | None = None
    transport: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError(f"raw object {self.name} declares no key: versions of a record could not be told apart")
        for name in (*self.key, *filter(None, (self.cursor, self.parent))):
            if name not in self.columns:
                raise ValueError(f"raw object {self.name}: field {name} is used as key, cursor or parent but not declared")
        if self.snapshot and self.cursor:
            raise ValueError(f"raw object {self.name} is a snapshot and has a cursor: it can be only one of them")
        for name, kind in self.columns.items():
            _arrow_type(kind, f"{self.name}.{name}")

    @cached_property
    def is_flat(self) -> bool:
        """Whether the columnar path can read it: no nested path and no json column."""
        return not any("." in name or kind == "json" for name, kind in self.columns.items())

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        return tuple(column_name(name) for name in self.key)

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the raw table, without dlt's load id."""
        declared = [pa.field(column_name(n), _arrow_type(k, n)) for n, k in self.columns.items()]
        return pa.schema([*declared, *SYSTEM_SCHEMA])


@dataclass(frozen=True)
class Window:
    """What one extraction has to read: records changed at or after ``start`` (None: all of them)."""

    start: datetime | None


@dataclass(frozen=True)
class Deleted:
    """Keys that the vendor says are gone; one tuple per record in the order of ``RawObject.key``, or a bare value."""

    keys: Sequence[Any]


@dataclass(frozen=True)
class CompleteFor:
    """The children of these parents have been yielded completely: known ones that were not are deleted."""

    parents: Sequence[Any]


@dataclass(frozen=True)
class CompleteSet:
    """Every record that the vendor holds has been yielded, whatever the window said: known ones that were not are gone.

    For an object with a cursor whose feed of deletions reaches back less far than its last reading.
    """


Page = Sequence[bytes | msgspec.Raw]
Fetch = Callable[[Window], Iterable[Page | Deleted | CompleteFor | CompleteSet]]


@dataclass
class Batch:
    """Converted records: good rows, and quarantined ones as (key, reason, record bytes)."""

    rows: pa.Table
    rejected: list[tuple[str | None, str, bytes]]


def to_batch(obj: RawObject, records: Page, extracted_at: datetime) -> Batch:
    """Convert the JSON objects in ``records`` to rows of ``obj``; never raises for what a record contains."""
    raws = [bytes(r) for r in records]
    if obj.is_flat:
        table = _columnar(obj, raws)
        if table is not None:
            return Batch(_with_system_columns(obj, table, raws, extracted_at), [])
    good: list[dict[str, Any]] = []
    kept: list[bytes] = []
    rejected: list[tuple[str | None, str, bytes]] = []
    for raw in raws:
        try:
            good.append(_row(obj, raw))
            kept.append(raw)
        except _Reject as reject:
            rejected.append((reject.key, str(reject), raw))
    declared = obj.schema.names[: len(obj.columns) + 1]
    table = pa.Table.from_pylist(good, schema=pa.schema([obj.schema.field(n) for n in declared]))
    return Batch(_with_system_columns(obj, table, kept, extracted_at), rejected)


def _columnar(obj: RawObject, raws: list[bytes]) -> pa.Table | None:
    """The fast path, or None when any record needs to be looked at on its own."""
    parse, names = _parse_options(obj)
    try:
        table = pj.read_json(
            io.BytesIO(b"\n".join(raws)), read_options=pj.ReadOptions(block_size=64 << 20), parse_options=parse
        )
        extra = [n for n in table.schema.names if n not in obj.columns and n not in obj.transport]
        columns = [_cast(table.column(n).combine_chunks(), kind) for n, kind in obj.columns.items()]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if len(table) != len(raws) or any(c.null_count for c in (columns[i] for i in _key_positions(obj))):
        return None
    extras = _extras(obj, raws) if extra else pa.nulls(len(raws), pa.string())
    return pa.table([*columns, extras], names=[*names, "_extra"])


def _parse_options(obj: RawObject) -> tuple[pj.ParseOptions, list[str]]:
    fields = [pa.field(n, _json_type(k)) for n, k in obj.columns.items()]
    options = pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="infer")
    return options, [column_name(n) for n in obj.columns]


def _key_positions(obj: RawObject) -> list[int]:
    names = list(obj.columns)
    return [names.index(k) for k in obj.key]


def _extras(obj: RawObject, raws: list[bytes]) -> pa.Array:
    known = set(obj.columns) | obj.transport
    rows = ({k: v for k, v in _decode(raw).items() if k not in known} for raw in raws)
    return pa.array([_encode(r).decode() if r else None for r in rows], pa.string())


def _cast(column: pa.Array, kind: str) -> pa.Array:
    if kind == "date":
        return pc.cast(column, pa.date32())
    if kind == "timestamp":
        return pc.cast(column, _utc)
    if zone := _zoned_type.match(kind):
        naive = pc.cast(column, pa.timestamp("us"))
        local = pc.assume_timezone(naive, zone.group(1), ambiguous="earliest", nonexistent="earliest")
        return pc.cast(local, _utc)
    return column


def _with_system_columns(obj: RawObject, table: pa.Table, raws: list[bytes], extracted_at: datetime) -> pa.Table:
    digests = b"".join(blake2b(raw, digest_size=8).digest() for raw in raws)
    n = len(raws)
    hashes = pa.Array.from_buffers(pa.int64(), n, [None, pa.py_buffer(digests)])
    deleted = pa.repeat(pa.scalar(False), n)
    at = pa.repeat(pa.scalar(extracted_at, _utc), n)
    out = table.append_column("_record_hash", hashes).append_column("_is_deleted", deleted)
    return out.append_column("_extracted_at", at).cast(obj.schema)


class _Reject(Exception):
    def __init__(self, reason: str, key: str | None = None) -> None:
        super().__init__(reason)
        self.key = key


def _row(obj: RawObject, raw: bytes) -> dict[str, Any]:
    """One record as a row with declared types; raises ``_Reject`` with the reason why it cannot be."""
    try:
        record = _decode(raw)
    except msgspec.DecodeError as error:
        raise _Reject(f"not valid JSON: {error}") from None
    if not isinstance(record, dict):
        raise _Reject(f"expected a JSON object, got {type(record).__name__}")
    keys = [_reach(record, name) for name in obj.key]
    if any(k is None for k in keys):
        missing = next(n for n, k in zip(obj.key, keys, strict=True) if k is None)
        raise _Reject(f"record has no {missing}")
    key = "|".join(str(k) for k in keys)
    row = {}
    for name, kind in obj.columns.items():
        try:
            row[column_name(name)] = _value(_reach(record, name), kind)
        except (ValueError, InvalidOperation, OverflowError) as error:
            raise _Reject(f"{name}: {error}", key) from None
    known = {name.split(".")[0] for name in obj.columns} | obj.transport
    extra = {k: v for k, v in record.items() if k not in known}
    row["_extra"] = _encode(extra).decode() if extra else None
    return row


def _reach(record: Any, path: str) -> Any:
    if "." not in path:
        return record.get(path)
    for part in path.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(part)
    return record


def _value(value: Any, kind: str) -> Any:
    """``value`` as the declared type; raises ValueError with what was wrong with it."""
    if value is None:
        return None
    if kind == "json":
        return _encode(value).decode()
    shown = repr(value)[:60]
    if kind == "text":
        if not isinstance(value, str):
            raise ValueError(f"declared text, got {shown}")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"declared bool, got {shown}")
        return value
    if kind == "bigint":
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"declared whole number, got {shown}")
        return value
    if decimal := _decimal_type.match(kind):
        return _decimal(value, int(decimal.group(1)), int(decimal.group(2)), shown)
    if not isinstance(value, str):
        raise ValueError(f"declared {kind}, got {shown}")
    if kind == "date":
        return date.fromisoformat(value)
    return _cast(pa.array([value], pa.string()), kind)[0].as_py()


def _decimal(value: Any, precision: int, scale: int, shown: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"declared decimal, got {shown}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"declared decimal, got {shown}") from None
    if not number.is_finite():
        raise ValueError(f"declared decimal, got {shown}")
    exact = number.quantize(Decimal(1).scaleb(-scale)) if abs(number) < Decimal(10) ** (precision - scale) else None
    if exact is None or exact != number:
        raise ValueError(f"{shown} does not fit decimal({precision},{scale}) exactly")
    return exact


def _arrow_type(kind: str, where: str) -> pa.DataType:
    simple = {"text": pa.string(), "json": pa.string(), "bigint": pa.int64(), "bool": pa.bool_(), "date": pa.date32()}
    if kind in simple:
        return simple[kind]
    if kind == "timestamp" or _zoned_type.match(kind):
        return _utc
    if decimal := _decimal_type.match(kind):
        return pa.decimal128(int(decimal.group(1)), int(decimal.group(2)))
    raise ValueError(f"{where}: unknown column type {kind!r}")


def _json_type(kind: str) -> pa.DataType:
    """How pyarrow reads it: dates as text first, numbers into decimals without a detour through double."""
    arrow = _arrow_type(kind, kind)
    return pa.string() if pa.types.is_temporal(arrow) else arrow


class VersionIndex:
    """Which version of each record raw holds, and what this extraction has seen of it."""

    def __init__(self, obj: RawObject, known: Mapping[Any, tuple[int, Any]]) -> None:
        self._obj = obj
        self._latest: dict[Any, int] = {k: v[0] for k, v in known.items()}
        self._parent_of = {k: v[1] for k, v in known.items()} if obj.parent else {}
        self._known_keys = [k for k, v in known.items() if v[0] != TOMBSTONE_HASH]
        self._seen: set[Any] = set()
        self._unreadable: set[str] = set()

    def new_versions(self, rows: pa.Table) -> pa.Table:
        """The rows whose version raw does not hold yet; repeated deliveries within the run are dropped too."""
        keys = self._keys(rows)
        hashes = rows.column("_record_hash").to_pylist()
        self._seen.update(keys)
        latest = self._latest
        if len(set(keys)) == len(keys) and latest.keys().isdisjoint(keys):
            latest.update(zip(keys, hashes, strict=True))
            return rows
        keep = []
        for key, version in zip(keys, hashes, strict=True):
            keep.append(latest.get(key) != version)
            latest[key] = version
        return rows.filter(pa.array(keep, pa.bool_()))

    def learn(self, known: Mapping[Any, tuple[int, Any]]) -> None:
        """Add versions that raw holds and that were not asked for at the start; ``known`` is all of them."""
        for key, (version, _) in known.items():
            self._latest.setdefault(key, version)
        self._known_keys = [k for k, v in known.items() if v[0] != TOMBSTONE_HASH]

    def deletable(self, keys: Iterable[Any]) -> list[Any]:
        """Those of ``keys`` that raw holds as living records."""
        return [k for k in keys if self._latest.get(k, TOMBSTONE_HASH) != TOMBSTONE_HASH]

    def saw_unreadable(self, keys: Iterable[str | None]) -> None:
        """Quarantined records: raw holds no version of what was sent, but the vendor still has them."""
        self._unreadable.update(k for k in keys if k is not None)

    def _absent(self, key: Any) -> bool:
        text = "|".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
        return key not in self._seen and text not in self._unreadable

    def vanished(self) -> list[Any]:
        """Known living keys that a complete snapshot did not contain."""
        gone = [k for k in self._known_keys if self._absent(k)]
        if len(self._known_keys) >= 20 and len(gone) > MAX_VANISHED_SHARE * len(self._known_keys):
            raise SourceError(
                f"{self._obj.name}: the vendor returned only {len(self._seen)} of {len(self._known_keys)} known records; "
                "nothing was marked deleted, check the credential's permissions and run again"
            )
        return gone

    def orphans(self, parents: Iterable[Any]) -> list[Any]:
        """Known living children of ``parents`` that this extraction did not contain."""
        wanted = {str(p) for p in parents}
        return [k for k in self._known_keys if str(self._parent_of.get(k)) in wanted and self._absent(k)]

    def mark_deleted(self, keys: Iterable[Any]) -> None:
        for key in keys:
            self._latest[key] = TOMBSTONE_HASH

    def _keys(self, rows: pa.Table) -> list[Any]:
        columns = [rows.column(c).to_pylist() for c in self._obj.key_columns]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def tombstones(obj: RawObject, keys: Sequence[Any], extracted_at: datetime) -> pa.Table:
    """Rows that say that the records with ``keys`` are gone; only key and system columns are filled."""
    columns = obj.key_columns
    rows = []
    for key in keys:
        parts = key if isinstance(key, tuple) else (key,)
        row = dict(zip(columns, parts, strict=True))
        rows.append(row | {"_record_hash": TOMBSTONE_HASH, "_is_deleted": True, "_extracted_at": extracted_at})
    return pa.Table.from_pylist(rows, schema=obj.schema)


def raw_resource(
    system: str, obj: RawObject, fetch: Fetch, vendor_time: Callable[[], datetime], start: date | None = None
) -> DltResource:
    """The dlt resource that appends what ``fetch`` yields to ``raw_<system>.<object>``.

    ``fetch`` gets the window to read and yields pages of JSON records, ``Deleted`` keys or ``CompleteFor`` parents.
    ``vendor_time`` is the vendor's own clock: the next window starts there, less the object's overlap, and it is
    what the feed is known to be complete through. ``start`` bounds the first load of an object with a cursor.
    """

    def extract() -> Iterator[Any]:
        yield from _extract(system, obj, fetch, vendor_time, start)

    return dlt.resource(
        extract,
        name=obj.name,
        table_name=obj.name,
        write_disposition="append",
        schema_contract={"tables": "evolve", "columns": "freeze", "data_type": "freeze"},
    )


def _extract(
    system: str, obj: RawObject, fetch: Fetch, vendor_time: Callable[[], datetime], start: date | None
) -> Iterator[Any]:
    state = dlt.current.resource_state()
    window = _window(obj, state, start)
    extracted_at = datetime.now(UTC)
    complete_through = vendor_time()
    index = VersionIndex(obj, _known_versions(system, obj, window.start))
    windowed = bool(obj.cursor and window.start and not obj.parent)
    counts = dict.fromkeys(("records_received", "versions_appended", "tombstones", "quarantined"), 0)
    rejected: list[tuple[str | None, str, bytes]] = []

    def learn_all() -> None:
        nonlocal windowed
        if windowed:
            index.learn(_known_versions(system, obj, None))
            windowed = False

    def converted(records: list[bytes | msgspec.Raw]) -> pa.Table:
        batch = to_batch(obj, records, extracted_at)
        rejected.extend(batch.rejected)
        index.saw_unreadable(key for key, _, _ in batch.rejected)
        if windowed and len(batch.rows) and _oldest(obj, batch.rows) < window.start:
            # The vendor ignored the filter; without the whole index every old version would be appended again.
            learn_all()
        rows = index.new_versions(batch.rows)
        counts["records_received"] += len(records)
        counts["versions_appended"] += len(rows)
        return rows

    def gone(keys: list[Any]) -> pa.Table:
        index.mark_deleted(keys)
        counts["tombstones"] += len(keys)
        return tombstones(obj, keys, extracted_at)

    yield obj.schema.empty_table()
    buffer: list[bytes | msgspec.Raw] = []
    complete = obj.snapshot
    for page in fetch(window):
        if isinstance(page, CompleteSet):
            complete = True
            continue
        if isinstance(page, Deleted | CompleteFor):
            if buffer:
                yield converted(buffer)
                buffer = []
            if isinstance(page, Deleted) and not page.keys:
                continue
            # What is deleted now may have been changed last long before the window.
            learn_all()
            keys = index.deletable(page.keys) if isinstance(page, Deleted) else index.orphans(page.parents)
            if keys:
                yield gone(keys)
            continue
        buffer.extend(page)
        if len(buffer) >= BATCH_ROWS:
            yield converted(buffer)
            buffer = []
    if buffer:
        yield converted(buffer)
    if complete:
        learn_all()
        if keys := index.vanished():
            yield gone(keys)
    if rejected:
        table = _quarantine(system, obj, rejected, extracted_at)
        counts["quarantined"] = len(rejected)
        if len(table):
            yield _side_table(table, "quarantine")
    feed = {"object": obj.name, "complete_through": complete_through, "window_start": window.start} | counts
    yield _side_table(pa.Table.from_pylist([feed | {"_extracted_at": extracted_at}], FEED_SCHEMA), "feed")
    if obj.cursor:
        state["complete_through"] = complete_through.isoformat()


def _oldest(obj: RawObject, rows: pa.Table) -> Any:
    assert obj.cursor
    return pc.min(rows.column(column_name(obj.cursor))).as_py() or datetime.max.replace(tzinfo=UTC)


def _window(obj: RawObject, state: Mapping[str, Any], start: date | None) -> Window:
    if not obj.cursor:
        return Window(None)
    if last := state.get("complete_through"):
        return Window(datetime.fromisoformat(last) - obj.overlap)
    return Window(datetime(start.year, start.month, start.day, tzinfo=UTC) if start else None)


def _side_table(table: pa.Table, name: str) -> Any:
    hints = dlt.mark.make_hints(table_name=name, write_disposition="append")
    return dlt.mark.with_hints(table, hints, create_table_variant=True)


def _quarantine(
    system: str, obj: RawObject, rejected: list[tuple[str | None, str, bytes]], extracted_at: datetime
) -> pa.Table:
    """Quarantine rows of the rejected records, less those that an earlier run has quarantined already."""
    held = {row[0] for row in _query(f"select _record_hash from raw_{system}.quarantine where object = '{obj.name}'")}
    rows = []
    for key, reason, raw in rejected:
        version = int.from_bytes(blake2b(raw, digest_size=8).digest(), "little", signed=True)
        if version not in held:
            held.add(version)
            text = raw.decode("utf-8", "replace")
            rows.append((obj.name, key, reason, text, version, extracted_at))
    columns = list(zip(*rows, strict=True)) or [()] * len(QUARANTINE_SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, QUARANTINE_SCHEMA, strict=True)], QUARANTINE_SCHEMA)


def _known_versions(system: str, obj: RawObject, since: datetime | None) -> dict[Any, tuple[int, Any]]:
    """Key -> (latest version's hash, parent) as raw holds it; with ``since`` only what has changed from then on."""
    keys = ", ".join(obj.key_columns)
    parent = column_name(obj.parent) if obj.parent else "null"
    where = "version_rank = 1"
    if obj.cursor and since and not obj.parent:
        # A tombstone carries no cursor value and must stay visible, or the deletion would be appended again.
        where += f" and (_is_deleted or {column_name(obj.cursor)} >= '{since.isoformat()}')"
    rows = _query(
        f"select {keys}, _record_hash, {parent} from (select *, row_number() over "
        f"(partition by {keys} order by _extracted_at desc, _dlt_load_id desc) as version_rank "
        f"from raw_{system}.{obj.name}) as versions where {where}"
    )
    width = len(obj.key)
    return {(r[0] if width == 1 else tuple(r[:width])): (r[width], r[width + 1]) for r in rows}


def _query(sql: str) -> list[tuple[Any, ...]]:
    """Rows of ``sql`` in the active pipeline's destination; none when its dataset or table does not exist yet."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    pipeline = dlt.current.pipeline()
    try:
        with pipeline.sql_client() as client, client.execute_query(sql) as cursor:
            return list(cursor.fetchall())
    except DatabaseUndefinedRelation:
        return []
