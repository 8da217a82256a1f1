"""Rows of a file as its reader hands them on, and the control totals that they must add up to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ingestion.sources.files import spelling
from ingestion.sources.files.feed import Feed, Refused

# The byte order marks that an encoding may start with are no part of the text.
_CODECS = {"utf-8": "utf-8-sig"}
_SHOWN = 5


@dataclass
class Row:
    """One record: its line or row in the file (1 = the first), its fields, and whether it says that the record is gone."""

    number: int
    fields: dict[str, Any]
    is_deleted: bool = False


@dataclass
class Content:
    """What a file holds. ``stamp`` is the time of the export as the file itself tells it."""

    rows: list[Row] = field(default_factory=list)
    stamp: datetime | None = None
    note: str | None = None


def decoded(content: bytes, encoding: str) -> str:
    """The text of a file; raises Refused that names the first byte which the declared encoding does not have."""
    try:
        return content.decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        shown = content[error.start : error.start + 1].hex()
        raise Refused(f"line {line}: byte 0x{shown} is not {encoding}, which the feed is declared in") from None


def header_key(header: str | None) -> str:
    """A header as it is compared: letters and digits alone, without case."""
    return re.sub(r"[\W_]+", "", header or "").casefold()


def positions(
    headers: Sequence[str | None], columns: Mapping[str, tuple[str, ...]], optional: Iterable[str]
) -> dict[str, int]:
    """Where the declared columns are; raises Refused for one that is missing or there twice."""
    known: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        if key := header_key(header):
            known.setdefault(key, []).append(position)
    found: dict[str, int] = {}
    for column, aliases in columns.items():
        places = [place for alias in dict.fromkeys(map(header_key, aliases)) for place in known.get(alias, ())]
        if len(places) > 1:
            raise Refused(f"column {column} is there {len(places)} times ({', '.join(aliases)})")
        if places:
            found[column] = places[0]
        elif column not in optional:
            raise Refused(
                f"column {column} is missing: no header is one of {', '.join(aliases)}; "
                f"the file has {', '.join(str(h) for h in headers if h)}"
            )
    return found


def extras(headers: Sequence[str | None], cells: Sequence[str | None], taken: Iterable[int]) -> dict[str, str | None]:
    """The cells of columns that are not declared, by their header."""
    declared = set(taken)
    return {
        str(header): spelling.text(cells[position])
        for position, header in enumerate(headers)
        if header and position not in declared and position < len(cells)
    }


def check_keys(feed: Feed, rows: Sequence[Row]) -> None:
    """Raise Refused when a spreadsheet has turned ids into rounded numbers: they cannot be told apart any more."""
    for row in rows:
        for key in feed.object.key:
            if spelling.ROUNDED_ID.fullmatch(str(row.fields.get(key) or "").upper()):
                raise Refused(f"row {row.number}: {key} {row.fields[key]} is an id that a spreadsheet has rounded")


def check_control(rows: Sequence[Row], count: str | None, total: str | None, of: str | None) -> None:
    """Raise Refused when the rows differ from the count or the control total that the file states."""
    if count is not None:
        stated = spelling.amount(count)
        if stated is None or stated != len(rows):
            raise Refused(f"the trailer counts {count} records, the file has {len(rows)}")
    if total is None or of is None:
        return
    stated = spelling.amount(total)
    if stated is None:
        raise Refused(f"the control total {total} is not a number of the declared style")
    amounts = [(row.number, row.fields.get(of), spelling.amount(row.fields.get(of))) for row in rows]
    unread = [f"row {number}: {value}" for number, value, parsed in amounts if value is not None and parsed is None]
    if unread:
        raise Refused(f"{of} cannot be added up: {'; '.join(unread[:_SHOWN])}")
    added = sum((parsed for _, _, parsed in amounts if parsed is not None), Decimal(0))
    if added != stated:
        raise Refused(f"the control total of {of} is {stated}, the records add up to {added}")
