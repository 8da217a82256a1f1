"""The declarations of the raw contract: what a source says about its objects and what it may yield for them.

Sources import these names from ``ingestion.raw``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
import pyarrow as pa
from dlt.common.normalizers.naming.snake_case import NamingConvention

_naming = NamingConvention()
DECIMAL_TYPE = re.compile(r"^decimal\((\d+),(\d+)\)$")
ZONED_TYPE = re.compile(r"^timestamp\(([A-Za-z_/+\-0-9]+)\)$")

UTC_TIME = pa.timestamp("us", tz="UTC")
SYSTEM_SCHEMA = pa.schema(
    [("_extra", pa.string()), ("_record_hash", pa.int64()), ("_is_deleted", pa.bool_()), ("_extracted_at", UTC_TIME)]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        *[(n, pa.string()) for n in ("object", "record_key", "reason", "record")],
        ("_record_hash", pa.int64()),
        ("_extracted_at", UTC_TIME),
    ]
)
FEED_SCHEMA = pa.schema(
    [
        ("object", pa.string()),
        ("complete_through", UTC_TIME),
        ("window_start", UTC_TIME),
        *[(n, pa.int64()) for n in ("records_received", "versions_appended", "tombstones", "quarantined")],
        ("_extracted_at", UTC_TIME),
        ("domain", pa.string()),
    ]
)

# Vendor fields declared at one level of a record: None for a column, a nested tree for the object that holds columns.
FieldTree = dict[str, "FieldTree | None"]


def column_name(vendor_field: str) -> str:
    """Raw column of a vendor field: snake case, ``__`` between the parts of a dotted path."""
    return "__".join(_naming.normalize_identifier(part) for part in vendor_field.split("."))


def arrow_type(kind: str, where: str) -> pa.DataType:
    """Arrow type of a declared column type; raises ValueError that names ``where`` it is declared."""
    simple = {"text": pa.string(), "json": pa.string(), "bigint": pa.int64(), "bool": pa.bool_(), "date": pa.date32()}
    if kind in simple:
        return simple[kind]
    if kind == "timestamp" or ZONED_TYPE.match(kind):
        return UTC_TIME
    if decimal := DECIMAL_TYPE.match(kind):
        return pa.decimal128(int(decimal.group(1)), int(decimal.group(2)))
    raise ValueError(f"{where}: unknown column type {kind!r}")


@dataclass(frozen=True)
class RawObject:
    """One kind of record of one vendor, and what is declared about it.

    ``columns`` maps vendor fields to types: ``text``, ``bigint``, ``bool``, ``date``, ``decimal(p,s)``, ``json``,
    ``timestamp`` (ISO text with an offset) or ``timestamp(ZONE)`` (text without one, local to ZONE). A dotted vendor
    field reaches into a nested object. Declaring only flat, non-json columns selects the columnar path.
    ``cursor`` is the vendor field that every change moves; ``overlap`` is read again on each run, for late commits
    and clock skew. ``snapshot`` says that every extraction returns the complete set, so that absent keys are deletions.
    ``parent`` is the vendor field naming the parent whose children arrive complete (see ``CompleteFor``).
    ``transport`` lists envelope fields of a record, at any depth, that carry no business content (links, attributes).
    ``provenance`` lists declared fields that say where a record was read, for a source that sends the same record in
    many places: they do not make a new version. ``domain`` is the one that the object belongs to, of a system whose
    domains are fed apart from each other.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    cursor: str | None = None
    overlap: timedelta = timedelta(minutes=10)
    snapshot: bool = False
    parent: str | None = None
    transport: frozenset[str] = frozenset()
    provenance: frozenset[str] = frozenset()
    domain: str | None = None

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError(f"raw object {self.name} declares no key: versions of a record could not be told apart")
        for name in (*self.key, *filter(None, (self.cursor, self.parent)), *self.provenance):
            if name not in self.columns:
                raise ValueError(
                    f"raw object {self.name}: {name} is its key, cursor, parent or provenance but not declared"
                )
        if self.snapshot and self.cursor:
            raise ValueError(f"raw object {self.name} is a snapshot and has a cursor: it can be only one of them")
        taken = dict.fromkeys(SYSTEM_SCHEMA.names, "a system column")
        for name, kind in self.columns.items():
            arrow_type(kind, f"{self.name}.{name}")
            if other := taken.get(column_name(name)):
                raise ValueError(f"raw object {self.name}: field {name} and {other} have the same column name")
            taken[column_name(name)] = f"field {name}"

    @cached_property
    def is_flat(self) -> bool:
        """Whether the columnar path can read it: no nested path and no json column."""
        return not any("." in name or kind == "json" for name, kind in self.columns.items())

    @cached_property
    def fields(self) -> FieldTree:
        """The declared vendor fields as a tree that follows the nesting of the record."""
        tree: FieldTree = {}
        # Short paths first: a column that takes a whole object leaves nothing of it for a path into the object.
        for path in sorted(self.columns, key=lambda p: p.count(".")):
            node: FieldTree | None = tree
            *parents, leaf = path.split(".")
            for part in parents:
                node = None if node is None else node.setdefault(part, {})
            if node is not None:
                node[leaf] = None
        return tree

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        return tuple(column_name(name) for name in self.key)

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the raw table, without dlt's load id."""
        declared = [pa.field(column_name(n), arrow_type(k, n)) for n, k in self.columns.items()]
        return pa.schema([*declared, *SYSTEM_SCHEMA])


@dataclass(frozen=True)
class Window:
    """What one extraction has to read: records changed at or after ``start`` (None: all of them).

    ``bookmark`` is what the last completed reading left behind (see ``Bookmark``), None when there was none.
    """

    start: datetime | None
    bookmark: Mapping[str, str] | None = None


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


@dataclass(frozen=True)
class CompleteWindow:
    """Every record whose cursor lies in the window has been yielded: known ones in it that were not are gone.

    For records whose cursor never moves, such as the date of a posted document.
    """


@dataclass(frozen=True)
class Bookmark:
    """Where the vendor says that the next reading begins, such as a delta link; it comes back as ``Window.bookmark``.

    It is kept with the cursors: only when the whole reading succeeded, and in step with what was loaded. No secrets.
    """

    value: Mapping[str, str]


Page = Sequence[bytes | msgspec.Raw]
Fetched = Page | Deleted | CompleteFor | CompleteSet | CompleteWindow | Bookmark
Fetch = Callable[[Window], Iterable[Fetched]]
