"""The part of OData v4 that API clients send: filters and orders over records, with the types of their columns.

``$filter`` knows eq, ne, gt, ge, lt, le, and, or, not, parentheses, ``in`` and contains, startswith, endswith; text
compares without regard to case. Records hold Python values: text, int, Decimal, bool, date and datetime.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ingestion.sandbox.systems.dynamics365.catalog import Entity

Record = dict[str, Any]
Condition = Callable[[Record], bool]

_TOKENS = re.compile(
    r"\s*(?:(?P<enum>[A-Za-z_][\w.]*\.[A-Za-z_]\w*'(?:[^']|'')*')"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d(?!\w))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w:-]))"
    r"|(?P<word>[A-Za-z_@]\w*)"
    r"|(?P<op>[(),])"
    r"|(?P<other>\S+))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_NUMERIC = frozenset({"int", "choice", "decimal", "money"})


class ODataError(Exception):
    """A query that the service refuses; ``unknown`` names the property when that is what is wrong."""

    def __init__(self, message: str, unknown: str | None = None) -> None:
        super().__init__(message)
        self.unknown = unknown


@dataclass(frozen=True)
class Dialect:
    """What the services do differently: ``in`` is Dataverse's, wildcards in ``eq '*x*'`` and enum names are Finance's."""

    has_in: bool
    has_wildcards: bool


def condition(text: str, entity: Entity, dialect: Dialect) -> Condition:
    """``$filter`` as a function of a record; raises ODataError."""
    return _Parser(text, entity, dialect).whole()


def order(text: str, entity: Entity) -> Callable[[list[Record]], list[Record]]:
    """``$orderby`` as a stable sort, nothing first; the keys break ties."""
    wanted: list[tuple[str, bool]] = []
    for part in filter(None, text.split(",")):
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise ODataError(f"Syntax error at position {len(part)} in '{text}'.")
        wanted.append((known(name, entity), direction.strip() == "desc"))
    wanted += [(key, False) for key in entity.keys]

    def sort(rows: list[Record]) -> list[Record]:
        for name, descending in reversed(wanted):
            rows = sorted(rows, key=lambda row: _sortable(row.get(name)), reverse=descending)
        return rows

    return sort


def known(name: str, entity: Entity) -> str:
    """``name`` when the entity has it; raises ODataError in the services' own words."""
    if name not in entity.columns:
        raise ODataError(f"Could not find a property named '{name}' on type '{entity.type_name}'.", name)
    return name


def selected(text: str, entity: Entity) -> list[str]:
    """The columns that ``$select`` names, all of them when it is empty."""
    names = [known(name.strip(), entity) for name in text.split(",") if name.strip()]
    return names or list(entity.columns)


def key_predicate(text: str, entity: Entity) -> Mapping[str, Any]:
    """``dataAreaId='usmf',CustomerAccount='1'``, or the bare value of a single key, as column values."""
    if len(entity.keys) == 1 and "=" not in text:
        text = f"{entity.keys[0]}={text}"
    found: dict[str, Any] = {}
    for part in re.findall(r"(\w+)=('(?:[^']|'')*'|[^,]+)", text):
        parser = _Parser(part[1], entity, Dialect(False, False))
        found[known(part[0], entity)] = parser.literal(entity.columns[part[0]])
    if set(found) != set(entity.keys):
        raise ODataError(f"The key in the request URI is not valid for resource '{entity.set_name}'.")
    return found


def folded(value: Any) -> Any:
    """Text as it is compared."""
    return value.casefold() if isinstance(value, str) else value


def _sortable(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, folded(value))


class _Parser:
    def __init__(self, text: str, entity: Entity, dialect: Dialect) -> None:
        self.text, self.entity, self.dialect = text, entity, dialect
        self.position = 0
        self.tokens = [
            (str(m.lastgroup), m.group(str(m.lastgroup)), m.start(str(m.lastgroup))) for m in _TOKENS.finditer(text)
        ]

    def whole(self) -> Condition:
        found = self.any_of()
        if self.position < len(self.tokens):
            raise self.unexpected()
        return found

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self.accept("or"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def all_of(self) -> Condition:
        parts = [self.single()]
        while self.accept("and"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def single(self) -> Condition:
        if self.accept("not"):
            inner = self.single()
            return lambda record: not inner(record)
        if self.accept("("):
            inner = self.any_of()
            self.expect(")")
            return inner
        kind, word, _ = self.next()
        if kind != "word":
            raise self.unexpected(back=True)
        if word in _TEXTS:
            return self.function(word)
        return self.comparison(known(word, self.entity))

    def function(self, name: str) -> Condition:
        self.expect("(")
        column = known(self.next()[1], self.entity)
        self.expect(",")
        part = self.literal("text")
        self.expect(")")
        test = _TEXTS[name]
        return lambda record: record.get(column) is not None and test(folded(record[column]), folded(part))

    def comparison(self, column: str) -> Condition:
        kind = self.entity.columns[column]
        operator = self.next()[1]
        if operator == "in" and self.dialect.has_in:
            self.expect("(")
            allowed = [self.literal(kind)]
            while self.accept(","):
                allowed.append(self.literal(kind))
            self.expect(")")
            return lambda record: folded(record.get(column)) in [folded(value) for value in allowed]
        if operator in ("eq", "ne"):
            equals = self.equality(column, kind)
            return equals if operator == "eq" else lambda record: not equals(record)
        if operator not in _COMPARE:
            raise self.unexpected(back=True)
        compare, wanted = _COMPARE[operator], folded(self.literal(kind))
        return lambda record: record.get(column) is not None and compare(folded(record[column]), wanted)

    def equality(self, column: str, kind: str) -> Condition:
        wanted = folded(self.literal(kind))
        if self.dialect.has_wildcards and isinstance(wanted, str) and "*" in wanted:
            pattern = re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)
            return lambda record: pattern.fullmatch(folded(record.get(column) or "")) is not None
        return lambda record: folded(record.get(column)) == wanted

    def literal(self, kind: str) -> Any:
        """The next token as a value of a column of ``kind``."""
        found, text, _ = self.next()
        if text == "null":
            return None
        if kind == "enum" and found == "enum":
            return text.partition("'")[2].rstrip("'")
        if kind == "text" and found == "string":
            return text[1:-1].replace("''", "'")
        if (kind == "guid" or kind.startswith("lookup")) and found in ("guid", "string"):
            return text.strip("'").lower()
        if kind in _NUMERIC and found == "number":
            return Decimal(text)
        if kind == "bool" and text in ("true", "false"):
            return text == "true"
        if kind in ("datetime", "day") and found == "datetime":
            return datetime.fromisoformat(text).astimezone(UTC)
        if kind == "datetime" and found == "date":
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if kind == "date" and found == "date":
            return date.fromisoformat(text)
        raise ODataError("A binary operator with incompatible types was detected.")

    def next(self) -> tuple[str, str, int]:
        if self.position >= len(self.tokens):
            raise ODataError(f"Syntax error at position {len(self.text)} in '{self.text}'.")
        self.position += 1
        return self.tokens[self.position - 1]

    def accept(self, text: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position][1] == text:
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected()

    def unexpected(self, back: bool = False) -> ODataError:
        at = self.position - (1 if back else 0)
        place = self.tokens[at][2] if at < len(self.tokens) else len(self.text)
        return ODataError(f"Syntax error at position {place} in '{self.text}'.")
