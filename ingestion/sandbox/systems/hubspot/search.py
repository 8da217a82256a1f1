"""HubSpot's search: the request, its limits and errors, and evaluation over records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ingestion.sandbox.systems.hubspot.errors import ApiError

Record = dict[str, Any]
Types = Mapping[str, str]

MAX_ROWS = 200
MAX_RESULTS = 10_000
MAX_BODY_CHARS = 3_000
MAX_GROUPS, MAX_FILTERS_PER_GROUP, MAX_FILTERS = 5, 6, 18

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


class Filter(msgspec.Struct, rename="camel"):
    property_name: str
    operator: str
    value: str | None = None
    values: list[str] | None = None
    high_value: str | None = None


class FilterGroup(msgspec.Struct):
    filters: list[Filter] = []


class Sort(msgspec.Struct, rename="camel"):
    property_name: str
    direction: str = "ASCENDING"


class SearchRequest(msgspec.Struct, rename="camel"):
    """``filters`` without groups is the short form that clients send too."""

    filter_groups: list[FilterGroup] = []
    filters: list[Filter] = []
    sorts: list[Sort | str] = []
    properties: list[str] = []
    query: str | None = None
    limit: int = 10
    after: str | int | None = None


def parse(body: bytes, types: Types, max_results: int = MAX_RESULTS) -> SearchRequest:
    """The checked request; raises ApiError for what HubSpot refuses."""
    if len(body) > MAX_BODY_CHARS:
        raise ApiError(400, f"The search request body must not exceed {MAX_BODY_CHARS} characters")
    try:
        asked = msgspec.json.decode(body, type=SearchRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"Invalid input JSON: {error}") from None
    groups = asked.filter_groups or ([FilterGroup(asked.filters)] if asked.filters else [])
    asked.filter_groups = groups
    if len(groups) > MAX_GROUPS:
        raise ApiError(400, f"A search can have at most {MAX_GROUPS} filter groups")
    if any(len(g.filters) > MAX_FILTERS_PER_GROUP for g in groups) or sum(len(g.filters) for g in groups) > MAX_FILTERS:
        raise ApiError(400, f"A filter group can have at most {MAX_FILTERS_PER_GROUP} filters, a search {MAX_FILTERS}")
    if len(asked.sorts) > 1:
        raise ApiError(400, "A search can be sorted by one property only")
    if not 0 <= asked.limit <= MAX_ROWS:
        raise ApiError(400, f"limit must be between 0 and {MAX_ROWS}")
    if offset(asked) + asked.limit > max_results:
        raise ApiError(400, f"A search cannot page beyond {max_results} results")
    for each in (f for g in groups for f in g.filters):
        if each.property_name not in types:
            raise ApiError(
                400, f"Property {each.property_name} does not exist", errors=[{"message": "unknown property"}]
            )
    return asked


def offset(asked: SearchRequest) -> int:
    """Where the page begins; ``after`` has to be a whole number here."""
    text = "0" if asked.after in (None, "") else str(asked.after)
    if not text.isdecimal():
        raise ApiError(400, f"Invalid after: {text}")
    return int(text)


def run(asked: SearchRequest, records: list[Record], types: Types) -> list[Record]:
    """The matching records in the asked order: of the newest first without one."""
    found = [r for r in records if not asked.filter_groups or any(_matches(r, g, types) for g in asked.filter_groups)]
    if asked.query:
        wanted = asked.query.casefold()
        found = [r for r in found if any(wanted in str(v).casefold() for v in r["properties"].values() if v)]
    for sort in asked.sorts:
        name, direction = (sort, "ASCENDING") if isinstance(sort, str) else (sort.property_name, sort.direction)
        kind = types.get(name, "string")
        known = [r for r in found if r["properties"].get(name) is not None]
        unknown = [r for r in found if r["properties"].get(name) is None]
        known.sort(key=lambda r: _value(r["properties"][name], kind), reverse=direction == "DESCENDING")
        found = known + unknown
    return found if asked.sorts else sorted(found, key=lambda r: (r["createdAt"], r["id"]), reverse=True)


def _matches(record: Record, group: FilterGroup, types: Types) -> bool:
    return all(_holds(record["properties"].get(f.property_name), f, types[f.property_name]) for f in group.filters)


def _holds(held: str | None, asked: Filter, kind: str) -> bool:
    operator = asked.operator
    has = held not in (None, "")
    if operator == "HAS_PROPERTY":
        return has
    if operator == "NOT_HAS_PROPERTY":
        return not has
    if operator in ("IN", "NOT_IN"):
        among = has and str(held).casefold() in {v.casefold() for v in asked.values or []}
        return among if operator == "IN" else not among
    if asked.value is None:
        raise ApiError(400, f"operator {operator} requires a value")
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        contains = has and asked.value.strip("*").casefold() in str(held).casefold()
        return contains if operator == "CONTAINS_TOKEN" else not contains
    wanted = _value(asked.value, kind)
    if operator in ("EQ", "NEQ"):
        same = has and _value(str(held), kind) == wanted
        return same if operator == "EQ" else not same
    if operator == "BETWEEN":
        return has and wanted <= _value(str(held), kind) <= _value(asked.high_value or "", kind)
    if operator not in _ORDERED:
        raise ApiError(400, f"Invalid operator: {operator}")
    return has and _ORDERED[operator](_value(str(held), kind), wanted)


def _value(text: str, kind: str) -> Any:
    """A property value, or what a filter compares it with: times are epoch milliseconds or ISO text."""
    try:
        if kind == "number":
            return Decimal(text)
        if kind in ("datetime", "date"):
            if text.lstrip("-").isdecimal():
                return int(text)
            moment = datetime.fromisoformat(text)
            return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (InvalidOperation, ValueError):
        raise ApiError(400, f"{text} was not a valid {kind}.") from None
    return text.casefold()
