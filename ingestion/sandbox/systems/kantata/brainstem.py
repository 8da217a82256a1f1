"""Brainstem, the presenter library that answers every Kantata OX list: filters, order, pages, includes, envelope.

Its rules are those of the open-source server library: what it does not know it ignores, and it caps page sizes in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingestion.sandbox.systems.kantata.values import iso

Row = dict[str, Any]
Filter = Callable[[Row, str], bool]

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200


class BadRequest(Exception):
    """The request breaks a rule that this server does check; the message goes into the errors envelope."""


@dataclass(frozen=True)
class BelongsTo:
    """A side-loadable parent: ``column`` of the row holds the id in ``collection``. The column is always shown."""

    collection: str
    column: str


@dataclass(frozen=True)
class HasMany:
    """Side-loadable children: rows of ``collection`` whose ``column`` holds this row's id; ``ids`` only when included."""

    collection: str
    column: str
    ids: str


@dataclass(frozen=True)
class Listed:
    """Side-loadable others whose ids the row itself lists, in a private column; ``ids`` only when included."""

    collection: str
    ids: str


Association = BelongsTo | HasMany | Listed


class Tables:
    """All records by collection, with indexes by column. A name that starts with ``_`` is private to the server."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        self._rows = rows
        self._indexes: dict[tuple[str, str], dict[Any, list[Row]]] = {}

    def __getitem__(self, collection: str) -> list[Row]:
        return self._rows.get(collection, [])

    def where(self, collection: str, column: str, value: Any) -> list[Row]:
        """The rows of ``collection`` whose ``column`` is ``value``."""
        index = self._indexes.get((collection, column))
        if index is None:
            index = self._indexes[collection, column] = {}
            for row in self[collection]:
                index.setdefault(row.get(column), []).append(row)
        return index.get(value, [])


@dataclass(frozen=True)
class Presenter:
    """What one list endpoint knows. ``defaults`` are filters that apply when the request does not give them."""

    default_order: str
    orders: frozenset[str] = frozenset({"created_at"})
    filters: Mapping[str, Filter] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    includes: Mapping[str, Association] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    shows_subject: bool = False


def equals(column: str) -> Filter:
    """Rows whose ``column`` is one of the comma-separated values."""
    return lambda row, value: str(row[column]) in value.split(",")


def flag(column: str) -> Filter:
    """Rows whose boolean ``column`` equals the value."""
    return lambda row, value: bool(row[column]) == is_true(value)


def always(column: str) -> Filter:
    """A boolean filter that is processed as true whatever its value says."""
    return lambda row, _value: bool(row[column])


def show_also(column: str) -> Filter:
    """Rows without ``column``; with it too when the value is true."""
    return lambda row, value: is_true(value) or not row[column]


def moments(row: str, *, after: bool) -> Filter:
    """Rows whose moment ``row`` is strictly after, or strictly before, the value."""

    def keep(record: Row, value: str) -> bool:
        bound = iso(datetime.fromisoformat(value))
        return record[row] > bound if after else record[row] < bound

    return keep


COMMON_FILTERS: Mapping[str, Filter] = {
    f"{name}_{side}": moments(f"{name}_at", after=side == "after")
    for name in ("created", "updated")
    for side in ("after", "before")
}


def is_true(value: str) -> bool:
    return value.lower() == "true"


def select(presenter: Presenter, rows: list[Row], params: Mapping[str, str], ignored: frozenset[str]) -> list[Row]:
    """The rows that the filters leave, in order. Blank filters count as not given, unknown ones as never sent."""
    given = {k: v for k, v in params.items() if v != "" and k not in ignored}
    for name in presenter.required:
        if name not in given:
            raise BadRequest(f"{name} is required")
    filters = {**COMMON_FILTERS, **presenter.filters}
    active = [(filters[k], v) for k, v in {**presenter.defaults, **given}.items() if k in filters]
    try:
        found = [row for row in rows if all(keep(row, value) for keep, value in active)]
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if "only" in given:
        wanted = {part for part in given["only"].split(",") if part.isdigit()}
        found = [row for row in found if row.get("id") in wanted]
    return _sorted(presenter, found, given.get("order", ""))


def _sorted(presenter: Presenter, rows: list[Row], order: str) -> list[Row]:
    name, _, direction = order.partition(":")
    if name not in presenter.orders:
        name, _, direction = presenter.default_order.partition(":")
    by_id = sorted(rows, key=lambda row: int(row.get("id") or 0))
    return sorted(by_id, key=lambda row: str(row.get(_column(name)) or ""), reverse=direction == "desc")


def _column(order: str) -> str:
    return {"date": "start_date"}.get(order, order)


def page(name: str, presenter: Presenter, found: list[Row], params: Mapping[str, str], tables: Tables) -> Row:
    """The answer of a list request: one page of ``found`` in Brainstem's envelope."""
    size, number, start = _paging(params)
    chosen = found if params.get("only") else found[start : start + size]
    # A record that is delivered twice is still one record of the account.
    count = len({row.get("id", n) for n, row in enumerate(found)})
    return envelope(name, presenter, chosen, params, tables) | {
        "count": count,
        "meta": {
            "count": count,
            "page_count": -(-count // size),
            "page_number": number if count else 0,
            "page_size": size,
        },
    }


def _paging(params: Mapping[str, str]) -> tuple[int, int, int]:
    if params.get("limit") and params.get("offset"):
        size, start = _size(params["limit"]), max(_number(params["offset"], 0), 0)
        return size, start // size + 1, start
    size, number = _size(params.get("per_page", "")), max(_number(params.get("page", ""), 1), 1)
    return size, number, (number - 1) * size


def _size(text: str) -> int:
    asked = _number(text, DEFAULT_PAGE_SIZE)
    return min(asked, MAX_PAGE_SIZE) if asked >= 1 else DEFAULT_PAGE_SIZE


def _number(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default


def envelope(name: str, presenter: Presenter, rows: list[Row], params: Mapping[str, str], tables: Tables) -> Row:
    """``results`` in order, the rows keyed by id, and what ``include`` brings along, in one keyed set per collection."""
    includes = [i for i in params.get("include", "").split(",") if i in presenter.includes]
    # A record may have lost its id in a test; it stays in its place under a key of its own.
    keys = [str(row.get("id") or f"unknown-{n}") for n, row in enumerate(rows)]
    shown = {key: _public(row) for key, row in zip(keys, rows, strict=True)}
    answer: Row = {"results": [{"key": name, "id": key} for key in keys], name: shown}
    if presenter.shows_subject and "subject" in params.get("include", "").split(","):
        for row in shown.values():
            row["subject_ref"] = _subject(row, tables)
    for include in includes:
        association = presenter.includes[include]
        keyed = answer.setdefault(association.collection, {})
        for key, row in zip(keys, rows, strict=True):
            others = _associated(association, row, tables)
            if not isinstance(association, BelongsTo):
                shown[key][association.ids] = [other["id"] for other in others]
            for other in others:
                keyed.setdefault(other["id"], _public(other))
    return answer


def _public(row: Row) -> Row:
    return {k: v for k, v in row.items() if not k.startswith("_")}


def _associated(association: Association, row: Row, tables: Tables) -> list[Row]:
    """The rows on the other side; one that is delivered twice is still one record."""
    if isinstance(association, HasMany):
        found = tables.where(association.collection, association.column, row.get("id"))
    else:
        ids = (
            [row.get(association.column)] if isinstance(association, BelongsTo) else row.get(f"_{association.ids}", [])
        )
        found = [other for i in ids if i is not None for other in tables.where(association.collection, "id", i)]
    return list({other["id"]: other for other in found}.values())


def _subject(event: Row, tables: Tables) -> Row | None:
    """A reference to the record that an event is about; null when it is gone."""
    kind = event["event_type"].partition(":")[0]
    collection = "stories" if kind == "story" else f"{kind}s"
    subject_id = str(event["subject_id"])
    return {"key": collection, "id": subject_id} if tables.where(collection, "id", subject_id) else None
