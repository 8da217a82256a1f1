"""Delimited text: one header row, quoted fields, a closing record where one is declared."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ingestion.sources.files import spelling
from ingestion.sources.files.feed import Deletion, Delimited, Feed, Indicator, Refused, Trailer
from ingestion.sources.files.rows import Content, Row, check_control, check_keys, decoded, extras, header_key, positions


def read(feed: Feed, content: bytes) -> Content:
    """The records of a delimited file as text; raises Refused when the file is not as declared."""
    layout = feed.layout
    assert isinstance(layout, Delimited)
    lines = _lines(decoded(content, layout.encoding), layout.delimiter)
    if not lines:
        raise Refused("the file has no header row")
    _, headers = lines.pop(0)
    closing = _closing(lines, layout.trailer)
    places = positions(headers, layout.columns, layout.optional)
    marks = _place(headers, "deletion", layout.deleted)
    sides = _place(headers, "sign", layout.indicator)
    used = [*places.values(), *(p for p in (marks, sides) if p is not None)]
    found = Content()
    for number, cells in lines:
        if len(cells) != len(headers):
            raise Refused(f"line {number} has {len(cells)} fields, the header has {len(headers)}")
        debit = _is_negative(layout, cells[sides], number) if sides is not None else False
        fields: dict[str, str | None] = dict(extras(headers, cells, used))
        for column in layout.columns:
            raw = cells[places[column]] if column in places else None
            signed = debit and layout.indicator is not None and column in layout.indicator.signs
            kind = feed.object.columns[column]
            fields[column] = spelling.spelled(raw, kind, layout.decimals, layout.dates, signed)
        gone = marks is not None and layout.deleted is not None and cells[marks].strip() in layout.deleted.values
        found.rows.append(Row(number, fields, gone))
    if closing is not None and layout.trailer is not None:
        count, total = closing
        if total is not None:
            total = spelling.spelled(total, "decimal(38,4)", layout.decimals, ())
        check_control(found.rows, count, total, layout.trailer.of)
    check_keys(feed, found.rows)
    return found


def _place(headers: Sequence[str], what: str, declared: Deletion | Indicator | None) -> int | None:
    return positions(headers, {what: declared.headers}, ())[what] if declared is not None else None


def _lines(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, with the number of each."""
    # ``newline=""`` in effect: line breaks inside quotes stay as they are, whatever ends the lines.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise Refused(f"line {reader.line_num}: {error}; is the file complete?") from None


def _closing(lines: list[tuple[int, list[str]]], trailer: Trailer | None) -> tuple[str | None, str | None] | None:
    """Count and total of the closing record, which is taken from ``lines``."""
    if trailer is None:
        return None
    if not lines or header_key(lines[-1][1][0]) != header_key(trailer.marker):
        raise Refused(f"the closing record {trailer.marker} is missing: the file is not complete")
    _, cells = lines.pop()

    def at(place: int | None) -> str | None:
        if place is None:
            return None
        if place > len(cells):
            raise Refused(f"the closing record {trailer.marker} has {len(cells)} fields")
        return cells[place - 1].strip()

    return at(trailer.count), at(trailer.total)


def _is_negative(layout: Delimited, side: str, number: int) -> bool:
    assert layout.indicator is not None
    side = side.strip()
    if side not in (*layout.indicator.negative, *layout.indicator.positive):
        raise Refused(f"line {number}: {side!r} says neither debit nor credit")
    return side in layout.indicator.negative
