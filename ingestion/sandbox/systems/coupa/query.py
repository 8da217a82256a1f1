"""Coupa's query language on lists of records, and the XML that it answers by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.sax.saxutils import escape

MAX_LIMIT = 50
_PATH = re.compile(r"[^\[\]]+")
_CONTROLS = frozenset({"limit", "offset", "order_by", "dir", "return_object", "fields", "filter"})


class BadQuery(ValueError):
    """The vendor answers 400; the message is the vendor's."""


def select(rows: list[dict[str, Any]], query: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """The page of ``rows`` that the query asks for; conditions are combined with AND.

    ``name=``, ``name[operator]=`` and ``association[name][operator]=``, with underscores or hyphens in names.
    Raises BadQuery.
    """
    controls: dict[str, str] = {}
    for name, value in query:
        if name in _CONTROLS:
            controls[name] = value
        else:
            matches = _condition(name, value)
            rows = [r for r in rows if matches(r)]
    if order := controls.get("order_by"):
        key, reverse = order.replace("_", "-"), controls.get("dir", "asc") == "desc"
        rows = sorted(rows, key=lambda r: _sort_key(r.get(key)), reverse=reverse)
    limit = min(_whole(controls.get("limit", str(MAX_LIMIT))), MAX_LIMIT)
    offset = _whole(controls.get("offset", "0"))
    return rows[offset : offset + limit]


def _whole(text: str) -> int:
    if not text.isdigit():
        raise BadQuery(f"{text} is not a valid number")
    return int(text)


_OPERATORS: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda value, wanted: bool(_comparable(value) == _like(value, wanted)),
    "not_eq": lambda value, wanted: bool(_comparable(value) != _like(value, wanted)),
    "gt": lambda value, wanted: value is not None and bool(_comparable(value) > _like(value, wanted)),
    "gt_or_eq": lambda value, wanted: value is not None and bool(_comparable(value) >= _like(value, wanted)),
    "lt": lambda value, wanted: value is not None and bool(_comparable(value) < _like(value, wanted)),
    "lt_or_eq": lambda value, wanted: value is not None and bool(_comparable(value) <= _like(value, wanted)),
    "in": lambda value, wanted: any(_comparable(value) == _like(value, w) for w in wanted.split(",")),
    "not_in": lambda value, wanted: all(_comparable(value) != _like(value, w) for w in wanted.split(",")),
    "contains": lambda value, wanted: wanted in str(value or ""),
    "starts_with": lambda value, wanted: str(value or "").startswith(wanted),
    "ends_with": lambda value, wanted: str(value or "").endswith(wanted),
    "blank": lambda value, wanted: (value in (None, "")) is (wanted == "true"),
}


def _condition(name: str, wanted: str) -> Callable[[dict[str, Any]], bool]:
    parts = _PATH.findall(name)
    operator = _OPERATORS["eq"]
    if len(parts) > 1 and parts[-1] in _OPERATORS:
        operator = _OPERATORS[parts.pop()]
    path = [p.replace("_", "-") for p in parts]
    return lambda row: any(operator(value, wanted) for value in _values(row, path))


def _values(record: Any, path: list[str]) -> Iterator[Any]:
    """What the path leads to; through a list of associated records to the value of each."""
    if isinstance(record, list):
        for part in record:
            yield from _values(part, path)
    elif not path:
        yield record
    else:
        yield from _values(record.get(path[0]) if isinstance(record, dict) else None, path[1:])


def _comparable(value: Any) -> Any:
    """Numbers and times as such, other values as text, None before everything of text."""
    if isinstance(value, bool) or value is None:
        return str(value or "").lower()
    if isinstance(value, int):
        return Decimal(value)
    text = str(value)
    readers: tuple[Callable[[str], Any], ...] = (Decimal, _moment)
    for read in readers:
        try:
            return read(text)
        except (InvalidOperation, ValueError):
            continue
    return text


def _sort_key(value: Any) -> tuple[int, Any]:
    """Nothing first, then numbers, times and text: values of one kind are compared with each other only."""
    comparable = _comparable(value)
    rank = {Decimal: 1, datetime: 2}.get(type(comparable), 3)
    return (0 if value is None else rank), comparable


def _like(value: Any, wanted: str) -> Any:
    """The query's text as the kind of value that it is compared with."""
    readers: dict[type, Callable[[str], Any]] = {Decimal: Decimal, datetime: _moment}
    try:
        return readers.get(type(_comparable(value)), str)(wanted)
    except (InvalidOperation, ValueError):
        raise BadQuery(f"{wanted} is not a valid value") from None


def _moment(text: str) -> datetime:
    """ISO 8601; without a zone it is midnight or wall time in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_xml(name: str, value: Any) -> str:
    """XML as Coupa writes it: types as attributes, lists under their plural."""
    if isinstance(value, list):
        inner = "".join(to_xml(name.removesuffix("s"), v) for v in value)
        return f'<{name} type="array">{inner}</{name}>'
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(to_xml(k, v) for k, v in value.items())}</{name}>"
    if value is None:
        return f'<{name} nil="true"></{name}>'
    if isinstance(value, bool):
        return f'<{name} type="boolean">{str(value).lower()}</{name}>'
    kind = ' type="integer"' if isinstance(value, int) else ""
    return f"<{name}{kind}>{escape(str(value))}</{name}>"
