"""The record service: single records with references, dates in UTC and sublists, over the tables that SuiteQL reads.

A collection shows ids and links alone; what a record holds takes a request of its own, with ``expandSubResources`` for
its lines. Empty fields are absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.sandbox.systems.netsuite.record_types import RECORD_TYPES, RecordType, Sublist
from ingestion.sandbox.systems.netsuite.tables import LABELS, TRANSACTION_STATUS

Row = Mapping[str, Any]
Tables = Mapping[str, list[dict[str, Any]]]


def rows_of(record: RecordType, tables: Tables) -> list[dict[str, Any]]:
    """The rows that are records of this type, in the order of their ids."""
    found = [row for row in tables.get(record.table, []) if _matches(row, record.only)]
    return sorted(found, key=lambda row: int(row.get("id") or 0))


class Presenter:
    """Writes rows as records. ``base`` is the address of the record service, ``zone`` the rows' own time zone."""

    def __init__(self, tables: Tables, base: str, zone: ZoneInfo) -> None:
        self._tables, self._base, self._zone = tables, base, zone
        self._names: dict[str, dict[Any, str]] = {}

    def link(self, record: RecordType, row: Row) -> dict[str, Any]:
        """A record as its collection shows it: who it is and where."""
        own = str(row.get("id"))
        return {"links": self.links(f"{record.name}/{own}"), "id": own}

    def links(self, path: str) -> list[dict[str, str]]:
        return [{"rel": "self", "href": f"{self._base}/{path}"}]

    def record(self, record: RecordType, row: Row, *, expanded: bool, only: frozenset[str]) -> dict[str, Any]:
        """The whole record, or its fields ``only``; its sublists as links, or ``expanded``."""
        found = self.link(record, row)
        for name, kind in record.fields.items():
            value = self._value(row, record.column(name), kind)
            if value is not None:
                found[name] = -value if name in record.negated else value
        for name in record.sublists:
            place = f"{record.name}/{found['id']}/{name}"
            found[name] = self.sublist(record, name, row) if expanded else {"links": self.links(place)}
        return {k: v for k, v in found.items() if not only or k in only or k in ("links", "id")}

    def sublist(self, record: RecordType, name: str, row: Row) -> dict[str, Any]:
        """All lines of one sublist, in the form of a collection."""
        sublist, place = record.sublists[name], f"{record.name}/{row.get('id')}/{name}"
        lines = [
            line
            for line in self._tables.get(sublist.table, [])
            if line.get(sublist.owner) == row.get("id") and _matches(line, sublist.only)
        ]
        items = [{"links": self.links(f"{place}/{n}"), **self._line(sublist, line)} for n, line in enumerate(lines, 1)]
        return {
            "links": self.links(place), "items": items, "totalResults": len(items), "count": len(items),
            "hasMore": False, "offset": 0,
        }  # fmt: skip

    def _line(self, sublist: Sublist, line: Row) -> dict[str, Any]:
        found = {}
        for name, kind in sublist.fields.items():
            value = self._value(line, sublist.columns.get(name, name.lower()), kind)
            if value is not None:
                found[name] = -value if name in sublist.negated else value
        return found

    def _value(self, row: Row, column: str, kind: str) -> Any:
        value = row.get(column)
        if value is None:
            return None
        if kind.lower() in RECORD_TYPES:
            return self._reference(RECORD_TYPES[kind.lower()], value)
        if kind == "choice":
            label = _label(row, column, value)
            return {"id": str(value) if column != "status" else label, "refName": label}
        if kind == "flag":
            return value == "T"
        if kind == "moment" and isinstance(value, datetime):
            return value.replace(tzinfo=self._zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if kind == "date" and isinstance(value, date):
            return value.isoformat()
        if kind == "duration":
            minutes = round(Decimal(value) * 60)
            return f"{minutes // 60}:{minutes % 60:02}"
        return value if kind in ("whole", "number") else str(value)

    def _reference(self, record: RecordType, value: Any) -> dict[str, Any]:
        if record.name not in self._names:
            column = record.column(record.title)
            self._names[record.name] = {r.get("id"): str(r.get(column)) for r in rows_of(record, self._tables)}
        own = str(value)
        found = {"links": self.links(f"{record.name}/{own}"), "id": own}
        name = self._names[record.name].get(value)
        return found if name is None else found | {"refName": name}


def _matches(row: Row, only: Mapping[str, str]) -> bool:
    return all(row.get(column) == value for column, value in only.items())


def _label(row: Row, column: str, value: Any) -> str:
    """What an enumeration shows; a transaction's status is a letter whose meaning depends on the transaction's type."""
    if column == "status":
        return TRANSACTION_STATUS.get((row["type"], value), str(value)).rpartition(" : ")[2]
    return LABELS.get(("transaction", column), {}).get(str(value), str(value))
