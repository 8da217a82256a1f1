"""Vendor records to rows with exact, declared types: by column where a whole batch allows it, else record by record.

Both ways give the same rows. The columnar one is taken only when it can prove that every record keeps the declaration;
otherwise each record is looked at on its own, and one that breaks the declaration is rejected with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ingestion.contract import DECIMAL_TYPE, UTC_TIME, ZONED_TYPE, FieldTree, Page, RawObject, arrow_type, column_name

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
# What a decoder raises on bytes that are no JSON or no UTF-8, are nested too deep, or hold a number beyond every range.
_UNREADABLE = (ValueError, RecursionError, ArithmeticError)

# 76 digits hold every decimal128 and every rescaling of one without rounding.
_exact = Context(prec=76)
# Arrow reads JSON in blocks; blocks that stay in the processor's cache cost a sixth less than one for a whole batch.
PARSE_BLOCK_BYTES = 1 << 20
# Years 1 to 9999: what every database and client can hold. Arrow itself accepts the year 0.
_FIRST_DAY, _LAST_DAY = ((d - date(1970, 1, 1)).days for d in (date.min, date.max))
_DAY_MICROSECONDS = 86_400_000_000


# A rejected record: its key (None: unreadable), the reason, its bytes.
Rejected = tuple[str | None, str, bytes]


@dataclass
class Batch:
    """Converted records: good rows, and the rejected ones."""

    rows: pa.Table
    rejected: list[Rejected]


def record_hash(record: bytes) -> int:
    """The version of a record: a 64-bit hash of its bytes."""
    return int.from_bytes(_digest(record), "little", signed=True)


def to_batch(obj: RawObject, records: Page, extracted_at: datetime) -> Batch:
    """Convert the JSON objects in ``records`` to rows of ``obj``; never raises for what a record contains."""
    if obj.is_flat and (table := _columnar(obj, records)) is not None:
        return Batch(_with_system_columns(obj, table, records, extracted_at), [])
    table, kept, rejected = _record_wise(obj, [bytes(record) for record in records])
    return Batch(_with_system_columns(obj, table, kept, extracted_at), rejected)


def _with_system_columns(obj: RawObject, table: pa.Table, records: Page, extracted_at: datetime) -> pa.Table:
    n = len(records)
    content = records if not obj.provenance else [_without(record, obj.provenance) for record in records]
    digests = pa.py_buffer(b"".join(map(_digest, content)))
    return pa.Table.from_arrays(
        [
            *table.columns,
            pa.Array.from_buffers(pa.int64(), n, [None, digests]),
            pa.repeat(pa.scalar(False), n),
            pa.repeat(pa.scalar(extracted_at, UTC_TIME), n),
        ],
        schema=obj.schema,
    )


def _without(record: bytes | msgspec.Raw, fields: frozenset[str]) -> bytes:
    return _encode({name: value for name, value in _decode_fields(record).items() if name not in fields})


def _digest(record: bytes | msgspec.Raw) -> bytes:
    return blake2b(record, digest_size=8).digest()


# --- by column ---


def _columnar(obj: RawObject, records: Page) -> pa.Table | None:
    """The fast path, or None when any record needs to be looked at on its own."""
    data = b"\n".join(records)
    # Arrow does not check the encoding, and crashes when nothing but ``null`` comes before the first object.
    if not data.startswith(b"{") or not _is_utf8(data):
        return None
    table = _read(obj, data, "infer", PARSE_BLOCK_BYTES)
    has_extras = table is None or any(n not in obj.columns and n not in obj.transport for n in table.schema.names)
    if table is None:
        # An undeclared field may change its type from record to record, and a record may be larger than a block or
        # have line breaks, at one of which it was cut: neither is a reason to give up.
        table = _read(obj, data, "ignore", len(data))
    if table is None or len(table) != len(records):
        return None
    try:
        columns = [_checked(table.column(name).combine_chunks(), kind) for name, kind in obj.columns.items()]
    except (pa.ArrowInvalid, ValueError):
        return None
    names = [column_name(name) for name in obj.columns]
    if any(_has_blank(columns[names.index(key)]) for key in obj.key_columns):
        return None
    if has_extras:
        extras = pa.array([_extra(obj, _decode_fields(record)) for record in records], pa.string())
    else:
        extras = pa.nulls(len(records), pa.string())
    return pa.table([*columns, extras], names=[*names, "_extra"])


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read(obj: RawObject, data: bytes, unexpected: str, block_size: int) -> pa.Table | None:
    fields = [pa.field(name, _json_type(kind)) for name, kind in obj.columns.items()]
    parse = pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior=unexpected)
    read = pj.ReadOptions(block_size=block_size, use_threads=False)
    try:
        return pj.read_json(pa.BufferReader(data), read_options=read, parse_options=parse)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _json_type(kind: str) -> pa.DataType:
    """How Arrow reads it: dates as text first, numbers into decimals without a detour through double."""
    arrow = arrow_type(kind, kind)
    return pa.string() if pa.types.is_temporal(arrow) else arrow


def _has_blank(column: pa.Array) -> bool:
    return bool(column.null_count) or (pa.types.is_string(column.type) and pc.any(pc.equal(column, "")).as_py() is True)


def _checked(column: pa.Array, kind: str) -> pa.Array:
    """The column in its declared type; raises ArrowInvalid or ValueError when a value does not fit it."""
    column = _temporal(column, kind)
    if pa.types.is_decimal(column.type):
        # Arrow rescales what it reads but does not look whether the result still has the declared precision.
        bounds = pc.min_max(column).as_py()
        limit = Decimal(10) ** (column.type.precision - column.type.scale)
        if any(v is not None and abs(v) >= limit for v in bounds.values()):
            raise ValueError(f"a value does not fit {kind}")
    return column


def _temporal(column: pa.Array, kind: str) -> pa.Array:
    """Text as dates or UTC times where ``kind`` is one of those; raises ArrowInvalid or ValueError."""
    if kind == "date":
        column = pc.cast(column, pa.date32())
        ticks, day = column.view(pa.int32()), 1
    elif kind == "timestamp" or ZONED_TYPE.match(kind):
        column = _moments(column, kind)
        ticks, day = column.view(pa.int64()), _DAY_MICROSECONDS
    else:
        return column
    bounds = pc.min_max(ticks).as_py()
    if bounds["min"] is not None and (bounds["min"] < _FIRST_DAY * day or bounds["max"] >= (_LAST_DAY + 1) * day):
        raise ValueError("a year outside 1 to 9999")
    return column


def _moments(column: pa.Array, kind: str) -> pa.Array:
    zone = ZONED_TYPE.match(kind)
    target = pa.timestamp("us") if zone else UTC_TIME
    try:
        times = pc.cast(column, target)
    except pa.ArrowInvalid:
        # Some vendors send ten-millionths of a second or less; a microsecond is the finest that raw keeps.
        times = pc.cast(pc.replace_substring_regex(column, r"(\.\d{6})\d+", r"\1"), target)
    if zone:
        local = pc.assume_timezone(times, zone.group(1), ambiguous="earliest", nonexistent="earliest")
        return pc.cast(local, UTC_TIME)
    return times


# --- record by record ---


class _Reject(Exception):
    def __init__(self, reason: str, key: str | None = None) -> None:
        super().__init__(reason)
        self.key = key


@dataclass
class _Row:
    raw: bytes
    key: str
    values: list[Any]
    extra: str | None


def _record_wise(obj: RawObject, raws: Sequence[bytes]) -> tuple[pa.Table, list[bytes], list[Rejected]]:
    """The rows of the records that keep the declaration, their bytes, and the rejected records."""
    rows: list[_Row] = []
    rejected: list[Rejected] = []
    for raw in raws:
        try:
            rows.append(_row(obj, raw))
        except _Reject as reject:
            rejected.append((reject.key, str(reject), raw))
    columns = []
    for position, (name, kind) in enumerate(obj.columns.items()):
        if pa.types.is_temporal(arrow_type(kind, name)):
            rows = _times_in_place(rows, position, name, kind, rejected)
    for position, (name, kind) in enumerate(obj.columns.items()):
        columns.append(pa.array([row.values[position] for row in rows], arrow_type(kind, name)))
    columns.append(pa.array([row.extra for row in rows], pa.string()))
    names = [*obj.schema.names[: len(obj.columns)], "_extra"]
    return pa.table(columns, names=names), [row.raw for row in rows], rejected


def _times_in_place(rows: list[_Row], position: int, name: str, kind: str, rejected: list[Rejected]) -> list[_Row]:
    """Replace the texts at ``position`` by times and return the rows for which that went well.

    All at once when possible; else the rows are halved until those whose text is no time stand alone.
    """
    texts = pa.array([row.values[position] for row in rows], pa.string())
    try:
        times = _temporal(texts, kind).to_pylist()
    except (pa.ArrowInvalid, ValueError):
        if len(rows) == 1:
            shown = repr(rows[0].values[position])[:60]
            rejected.append((rows[0].key, f"{name}: declared {kind}, got {shown}", rows[0].raw))
            return []
        half = len(rows) // 2
        first = _times_in_place(rows[:half], position, name, kind, rejected)
        return first + _times_in_place(rows[half:], position, name, kind, rejected)
    for row, time in zip(rows, times, strict=True):
        row.values[position] = time
    return rows


def _row(obj: RawObject, raw: bytes) -> _Row:
    """One record with values of the declared types, times still as text; raises ``_Reject`` with the reason why not."""
    try:
        _decode(raw)
        fields = _decode_fields(raw)
    except msgspec.ValidationError as error:
        raise _Reject(f"not a JSON object: {error}") from None
    except _UNREADABLE as error:
        raise _Reject(f"not valid JSON: {error}") from None
    keys = [_plain(_reach(fields, name)) for name in obj.key]
    if missing := [name for name, key in zip(obj.key, keys, strict=True) if key is None or key == ""]:
        raise _Reject(f"record has no {missing[0]}")
    key = "|".join(str(k) for k in keys)
    values = []
    for name, kind in obj.columns.items():
        try:
            values.append(_value(_reach(fields, name), kind))
        except msgspec.ValidationError:
            raise _Reject(f"{name}: the field that holds it is not an object", key) from None
        except ValueError as error:
            raise _Reject(f"{name}: {error}", key) from None
    return _Row(raw, key, values, _extra(obj, fields))


def _reach(fields: Mapping[str, msgspec.Raw], path: str) -> msgspec.Raw | None:
    """The JSON text at a dotted path, None when absent or null; raises ValidationError for a path into a scalar."""
    head, _, rest = path.partition(".")
    value = fields.get(head)
    if value is None or bytes(value) == b"null":
        return None
    return _reach(_decode_fields(value), rest) if rest else value


def _plain(value: msgspec.Raw | None) -> Any:
    return None if value is None else _decode(value)


def _value(value: msgspec.Raw | None, kind: str) -> Any:
    """``value`` as the declared type, dates and times as their text; raises ValueError with what was wrong with it."""
    if value is None:
        return None
    if kind == "json":
        return bytes(value).decode()
    plain = _decode(value)
    if decimal := DECIMAL_TYPE.match(kind):
        return _decimal(plain, int(decimal.group(1)), int(decimal.group(2)))
    shown = repr(plain)[:60]
    if kind == "bool":
        if not isinstance(plain, bool):
            raise ValueError(f"declared bool, got {shown}")
    elif kind == "bigint":
        if not isinstance(plain, int) or isinstance(plain, bool) or not -(2**63) <= plain < 2**63:
            raise ValueError(f"declared whole number of 64 bits, got {shown}")
    elif not isinstance(plain, str):
        raise ValueError(f"declared {kind}, got {shown}")
    return plain


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    shown = repr(str(value) if isinstance(value, Decimal) else value)[:60]
    readable = isinstance(value, int | Decimal) and not isinstance(value, bool)
    # Decimal() would also take digit groups with underscores, blanks around the number and digits of other scripts.
    if isinstance(value, str):
        readable = value.isascii() and "_" not in value and value == value.strip()
    try:
        number = Decimal(value) if readable else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"declared decimal, got {shown}")
    try:
        exact = number.quantize(Decimal(1).scaleb(-scale), context=_exact)
    except InvalidOperation:
        exact = None
    if exact is None or exact != number or abs(exact) >= Decimal(10) ** (precision - scale):
        raise ValueError(f"{shown} does not fit decimal({precision},{scale}) exactly")
    return exact


# --- what is not declared ---


def _extra(obj: RawObject, fields: Mapping[str, msgspec.Raw]) -> str | None:
    """The undeclared fields of a record as JSON text, their values byte for byte as the vendor sent them."""
    rest = _rest(fields, obj.fields, obj.transport)
    return _encode(rest).decode() if rest else None


def _rest(fields: Mapping[str, msgspec.Raw], declared: FieldTree, transport: frozenset[str]) -> dict[str, Any]:
    rest: dict[str, Any] = {}
    for name, value in fields.items():
        if name in transport:
            continue
        if name not in declared:
            rest[name] = value
            continue
        inner = declared[name]
        if inner and bytes(value) != b"null" and (left := _rest(_decode_fields(value), inner, transport)):
            rest[name] = left
    return rest
