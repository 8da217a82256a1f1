"""Query options as both services read them, and values as both write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request

from ingestion.sandbox.systems.dynamics365.catalog import Entity
from ingestion.sandbox.systems.dynamics365.odata import Dialect, ODataError, Record, condition, order, selected

_RESOURCE = re.compile(r"(?P<set>\w+)(?:\((?P<key>.*)\))?(?:/(?P<rest>\w+))?")


@dataclass(frozen=True)
class Query:
    """One request: what is asked for, the options in the order they were sent, and its preferences."""

    address: str
    resource: str
    options: dict[str, str]
    prefer: dict[str, str]

    @classmethod
    def of(cls, request: Request, resource: str) -> Query:
        """``address`` is the request's URL without its options."""
        prefer: dict[str, str] = {}
        for part in re.split(r"[,;]\s*(?=[a-z])", request.headers.get("prefer", "")):
            name, _, value = part.strip().partition("=")
            prefer[name] = value.strip('"')
        options = dict(parse_qsl(request.url.query, keep_blank_values=True))
        return cls(str(request.url).split("?", 1)[0], resource, options, prefer)

    def link(self, **changes: str | None) -> str:
        """This request's URL with other options; None takes an option out."""
        options = self.options | {f"${name}": value for name, value in changes.items()}
        kept = {name: value for name, value in options.items() if value is not None}
        return f"{self.address}?{urlencode(kept, safe='$,()', quote_via=quote)}"

    def page_size(self, largest: int) -> int:
        size = self.prefer.get("odata.maxpagesize", "")
        return min(int(size), largest) if size.isdigit() and int(size) else largest

    def whole(self, name: str) -> int | None:
        """A whole number given as an option, None when it is absent."""
        text = self.options.get(f"${name}")
        if text is None:
            return None
        if not text.isdigit():
            raise ODataError(f"Invalid value '{text}' for ${name} query option found.")
        return int(text)

    def refuse_others(self, *known: str) -> None:
        """Refuse options that the service does not support."""
        for name in self.options:
            if name.startswith("$") and name[1:] not in known:
                raise ODataError(f"The query parameter {name} is not supported.")

    def run(self, rows: Iterable[Record], entity: Entity, dialect: Dialect) -> list[Record]:
        """The matching rows in the asked order."""
        text = self.options.get("$filter")
        sort = order(self.options.get("$orderby", ""), entity)
        matches = condition(text, entity, dialect) if text else lambda row: True
        return sort([row for row in rows if matches(row)])

    def select(self, entity: Entity) -> list[str]:
        return selected(self.options.get("$select", ""), entity)


def parsed_resource(path: str) -> tuple[str, str | None, str | None]:
    """``set(key)/rest`` in its parts."""
    found = _RESOURCE.fullmatch(path)
    return (found["set"], found["key"], found["rest"]) if found else (path, None, None)


def written(row: Mapping[str, Any], names: Iterable[str]) -> Record:
    """The named columns, and what a test has put beside the declared ones, with times as text."""
    extras = [name for name in row if name.startswith("+")]
    shown = {name: _text(row[name]) for name in names if name in row}
    return shown | {name[1:]: _text(row[name]) for name in extras}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
