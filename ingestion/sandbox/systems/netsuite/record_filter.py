"""The ``q`` parameter of the record service: conditions on fields, joined by AND and OR, with parentheses.

Dates are bare dates in the account's format and mean midnight in the account's time zone; a time of day is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ingestion.sandbox.systems.netsuite.record_types import RecordType

Row = Mapping[str, Any]
Condition = Callable[[Row], bool]
_TOKENS = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()\[\],])|([^\s()\[\],"]+))')
_NOT = "_NOT"
_START = "Invalid search query. Search error occurred: "


class FilterError(Exception):
    """The condition is refused; ``code`` is NetSuite's o:errorCode, the text its detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def parse(text: str, record: RecordType, date_format: str, zone: str) -> Condition:
    """The condition in ``text`` on rows of the table of ``record``.

    ``date_format`` is the account's (as of strftime), ``zone`` its time zone, whose wall time the rows' datetimes show.
    Raises FilterError.
    """
    return _Parser(text, record, date_format, zone).condition()


class _Parser:
    def __init__(self, text: str, record: RecordType, date_format: str, zone: str) -> None:
        self._text, self._record, self._format, self._zone = text, record, date_format, zone
        self._tokens = [m.group(0).strip() for m in _TOKENS.finditer(text)]
        self._position = 0

    def condition(self) -> Condition:
        found = self._any_of()
        if self._position < len(self._tokens):
            raise self._invalid()
        return found

    def _any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._accept("OR"):
            parts.append(self._all_of())
        return lambda row: any(part(row) for part in parts)

    def _all_of(self) -> Condition:
        parts = [self._one()]
        while self._accept("AND"):
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Condition:
        if self._accept("("):
            inner = self._any_of()
            if not self._accept(")"):
                raise self._invalid()
            return inner
        name, operator = self._next(), self._next().upper()
        kind = "whole" if name == "id" else self._kind(name)
        column = self._record.column(name)
        if operator in ("EMPTY", "EMPTY_NOT"):
            return lambda row: (row.get(column) is None) is (operator == "EMPTY")
        negative = operator.endswith(_NOT)
        test = self._test(operator.removesuffix(_NOT), kind)
        return lambda row: row.get(column) is not None and test(row[column]) is not negative

    def _kind(self, name: str) -> str:
        kind = self._record.fields.get(name)
        if kind is None:
            raise FilterError("NONEXISTENT_FIELD", f"Unknown field name '{name}' in the search query.")
        return kind

    def _test(self, operator: str, kind: str) -> Callable[[Any], bool]:
        if kind in ("date", "moment"):
            return _dates(operator, self._date(self._next()), kind) or self._refuse()
        if operator == "ANY_OF":
            return self._any_value()
        wanted = self._next().strip('"')
        if kind == "flag":
            return _is(operator, "T" if wanted.lower() == "true" else "F") or self._refuse()
        if kind in ("text", "choice"):
            return _texts(operator, wanted.lower()) or self._refuse()
        return self._numbers(operator, wanted) or self._refuse()

    def _any_value(self) -> Callable[[Any], bool]:
        if not self._accept("["):
            raise self._invalid()
        values = {self._next().strip('"')}
        while self._accept(","):
            values.add(self._next().strip('"'))
        if not self._accept("]"):
            raise self._invalid()
        return lambda value: str(value) in values

    def _numbers(self, operator: str, wanted: str) -> Callable[[Any], bool] | None:
        try:
            bound = Decimal(wanted)
        except InvalidOperation:
            raise self._invalid() from None
        tests: dict[str, Callable[[Any], bool]] = {
            "EQUAL": lambda value: Decimal(value) == bound,
            "IS": lambda value: Decimal(value) == bound,
            "GREATER": lambda value: Decimal(value) > bound,
            "GREATER_OR_EQUAL": lambda value: Decimal(value) >= bound,
            "LESS": lambda value: Decimal(value) < bound,
            "LESS_OR_EQUAL": lambda value: Decimal(value) <= bound,
        }
        return tests.get(operator)

    def _date(self, token: str) -> date:
        text = token.strip('"')
        try:
            return datetime.strptime(text, self._format).date()
        except ValueError:
            shown = self._format.replace("%m", "M").replace("%d", "d").replace("%Y", "yy")
            detail = f'{_START}Parse of date/time "{text}" failed with date format "{shown}" in time zone {self._zone}'
            raise FilterError("INVALID_PARAMETER", detail) from None

    def _next(self) -> str:
        if self._position >= len(self._tokens):
            raise self._invalid()
        self._position += 1
        return self._tokens[self._position - 1]

    def _accept(self, text: str) -> bool:
        found = self._position < len(self._tokens) and self._tokens[self._position].upper() == text
        self._position += found
        return found

    def _refuse(self) -> Callable[[Any], bool]:
        raise self._invalid()

    def _invalid(self) -> FilterError:
        return FilterError("INVALID_PARAMETER", f"{_START}The condition {self._text!r} cannot be read.")


def _dates(operator: str, day: date, kind: str) -> Callable[[Any], bool] | None:
    """Of a date the day itself counts; of a moment whether it is past midnight, at which the day begins."""
    after = day + timedelta(days=1)
    first: Any = day if kind == "date" else datetime(day.year, day.month, day.day)
    end: Any = after if kind == "date" else datetime(after.year, after.month, after.day)
    tests: dict[str, Callable[[Any], bool]] = {
        "AFTER": lambda value: bool(value > first),
        "BEFORE": lambda value: bool(value < first),
        "ON": lambda value: bool(first <= value < end),
        "ON_OR_AFTER": lambda value: bool(value >= first),
        "ON_OR_BEFORE": lambda value: bool(value < end),
    }
    return tests.get(operator)


def _texts(operator: str, wanted: str) -> Callable[[Any], bool] | None:
    tests: dict[str, Callable[[Any], bool]] = {
        "CONTAIN": lambda value: wanted in str(value).lower(),
        "IS": lambda value: str(value).lower() == wanted,
        "START_WITH": lambda value: str(value).lower().startswith(wanted),
        "ENDWITH": lambda value: str(value).lower().endswith(wanted),
    }
    return tests.get(operator)


def _is(operator: str, wanted: str) -> Callable[[Any], bool] | None:
    return (lambda value: bool(value == wanted)) if operator == "IS" else None
