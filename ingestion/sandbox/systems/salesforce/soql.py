"""The part of SOQL that API clients send: parsing, the errors Salesforce answers with, and evaluation over records.

``SELECT fields FROM object [WHERE condition] [ORDER BY fields] [LIMIT n] [OFFSET n]`` with comparisons, ``IN``,
``AND``, ``OR`` and parentheses. Values in records are those of the REST API, whose date and datetime texts sort
in the order of time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

Record = dict[str, Any]
Condition = Callable[[Record], bool]
Types = Mapping[str, str]

_TOKENS = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d(?!\w))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w:-]))"
    r"|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<op><=|>=|!=|<>|=|<|>|\(|\)|,)"
    r"|(?P<other>[\w:.-]+|\S))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_ORDERED = frozenset({"date", "datetime", "int", "double", "currency", "percent"})
_NUMERIC = frozenset({"int", "double", "currency", "percent"})
_UNFILTERABLE = frozenset({"address", "textarea"})


class SoqlError(Exception):
    """A query Salesforce refuses: ``code`` is its errorCode, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    column: int


@dataclass
class Query:
    """A checked query: fields as the object spells them, and what to do with its records."""

    fields: list[str]
    object_name: str
    where: Condition = field(default=lambda record: True)
    order: list[tuple[str, bool, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0

    def run(self, records: list[Record]) -> list[Record]:
        """The matching records, whole, in the asked order."""
        found = [r for r in records if self.where(r)]
        for name, descending, nulls_last in reversed(self.order):
            known = sorted((r for r in found if r.get(name) is not None), key=itemgetter(name), reverse=descending)
            unknown = [r for r in found if r.get(name) is None]
            found = known + unknown if nulls_last else unknown + known
        end = None if self.limit is None else self.offset + self.limit
        return found[self.offset : end]


def parse(text: str, types_of: Callable[[str], Types | None]) -> Query:
    """The query in ``text``; ``types_of`` gives the field types of an object, or None when there is no such object.

    Raises SoqlError: MALFORMED_QUERY, INVALID_TYPE or INVALID_FIELD.
    """
    return _Parser(text, types_of).query()


class _Parser:
    def __init__(self, text: str, types_of: Callable[[str], Types | None]) -> None:
        self.text = text
        self.types_of = types_of
        self.types: Types = {}
        self.object_name = ""
        self.spelling: dict[str, str] = {}
        self.position = 0
        self.tokens = [
            Token(str(m.lastgroup), m.group(str(m.lastgroup)), m.start(str(m.lastgroup)) + 1)
            for m in _TOKENS.finditer(text)
        ]

    def query(self) -> Query:
        self.expect("SELECT")
        selected = self.names()
        self.expect("FROM")
        self.object_name = self.word().text
        types = self.types_of(self.object_name)
        if types is None:
            raise SoqlError(
                "INVALID_TYPE",
                f"sObject type '{self.object_name}' is not supported. If you are attempting to use a custom object, be sure "
                "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names.",
            )
        self.types = types
        self.spelling = {name.lower(): name for name in types}
        query = Query([self.known(token) for token in selected], self.object_name)
        if self.accept("WHERE"):
            query.where = self.any_of()
        if self.accept("ORDER"):
            self.expect("BY")
            query.order = self.sorting()
        if self.accept("LIMIT"):
            query.limit = self.whole_number()
        if self.accept("OFFSET"):
            query.offset = self.whole_number()
        if self.peek() is not None:
            raise self.unexpected(self.next())
        return query

    def names(self) -> list[Token]:
        found = [self.word()]
        while self.accept(","):
            found.append(self.word())
        return found

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self.accept("OR"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda record: any(p(record) for p in parts)

    def all_of(self) -> Condition:
        parts = [self.comparison()]
        while self.accept("AND"):
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else lambda record: all(p(record) for p in parts)

    def comparison(self) -> Condition:
        if self.accept("("):
            inner = self.any_of()
            self.expect(")")
            return inner
        token = self.word()
        name = self.known(token)
        kind = self.types[name]
        if kind in _UNFILTERABLE:
            raise self.invalid_field(token, f"field '{name}' can not be filtered in a query call")
        if self.accept("IN"):
            self.expect("(")
            allowed = [self.literal(name, kind)]
            while self.accept(","):
                allowed.append(self.literal(name, kind))
            self.expect(")")
            return lambda record: _comparable(record.get(name), kind) in allowed
        operator = self.next()
        if operator.kind != "op" or operator.text not in _COMPARE:
            raise self.unexpected(operator)
        compare, wanted = _COMPARE[operator.text], self.literal(name, kind)
        if operator.text not in ("=", "!=", "<>"):
            if kind not in _ORDERED and kind not in ("string", "id", "reference"):
                raise self.invalid_field(token, f"field '{name}' does not support the operator {operator.text}")
            return lambda record: record.get(name) is not None and compare(_comparable(record[name], kind), wanted)
        return lambda record: compare(_comparable(record.get(name), kind), wanted)

    def literal(self, name: str, kind: str) -> Any:
        """The next token as a value of a field of ``kind``; a literal of another type is INVALID_FIELD."""
        token = self.next()
        if token.text.lower() == "null":
            return None
        if kind == "datetime" and token.kind == "datetime":
            moment = datetime.fromisoformat(token.text).astimezone(UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        if kind == "date" and token.kind == "date":
            return token.text
        if kind in _NUMERIC and token.kind == "number":
            return Decimal(token.text)
        if kind == "boolean" and token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        if kind not in _ORDERED and kind != "boolean" and token.kind == "string":
            return _comparable(re.sub(r"\\(.)", r"\1", token.text[1:-1]), kind)
        if token.kind in ("op", "other") or (token.kind == "word" and token.text.lower() not in ("true", "false")):
            raise self.unexpected(token)
        quotes = "should not be" if token.kind == "string" else "should be"
        shown = "dateTime" if kind == "datetime" else kind
        raise self.invalid_field(
            token,
            f"value of filter criterion for field '{name}' must be of type {shown} and {quotes} enclosed in quotes",
        )

    def sorting(self) -> list[tuple[str, bool, bool]]:
        found = []
        while True:
            name = self.known(self.word())
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            nulls_last = False
            if self.accept("NULLS"):
                nulls_last = self.accept("LAST")
                if not nulls_last:
                    self.expect("FIRST")
            found.append((name, descending, nulls_last))
            if not self.accept(","):
                return found

    def whole_number(self) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdigit():
            raise self.unexpected(token)
        return int(token.text)

    def known(self, token: Token) -> str:
        """The object's spelling of a field name, which SOQL reads without regard to case."""
        name = self.spelling.get(token.text.lower())
        if name is None:
            raise self.invalid_field(
                token,
                f"No such column '{token.text}' on entity '{self.object_name}'. If you are attempting to use a custom field, "
                "be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call "
                "for the appropriate names.",
            )
        return name

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            raise SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
        self.position += 1
        return token

    def word(self) -> Token:
        token = self.next()
        if token.kind != "word" or token.text.upper() in ("SELECT", "FROM", "WHERE"):
            raise self.unexpected(token)
        return token

    def accept(self, text: str) -> bool:
        token = self.peek()
        if token is None or token.kind == "string" or token.text.upper() != text:
            return False
        self.position += 1
        return True

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected(self.next())

    def unexpected(self, token: Token) -> SoqlError:
        return SoqlError("MALFORMED_QUERY", self.pointing_at(token, f"unexpected token: '{token.text}'"))

    def invalid_field(self, token: Token, reason: str) -> SoqlError:
        return SoqlError("INVALID_FIELD", self.pointing_at(token, reason))

    def pointing_at(self, token: Token, reason: str) -> str:
        """Salesforce shows the query around the offending token, a caret below it, and where that is."""
        start = max(token.column - 21, 0)
        shown = self.text[start : token.column + 40]
        return f"\n{shown}\n{' ' * (token.column - start - 1)}^\nERROR at Row:1:Column:{token.column}\n{reason}"


def _comparable(value: Any, kind: str) -> Any:
    """Text compares without regard to case, ids exactly."""
    return value.casefold() if isinstance(value, str) and kind not in ("id", "reference", "date", "datetime") else value
