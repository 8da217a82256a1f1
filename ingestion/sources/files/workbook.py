"""XLSX: the header row is found by its headers, rows below it are records, a totals row is checked and left out.

Cells keep their types: a date is a date, a number is what the spreadsheet shows of it, a text is spelled as declared.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import python_calamine

from ingestion.sources.files import spelling
from ingestion.sources.files.feed import Decimals, Feed, Refused, Workbook
from ingestion.sources.files.rows import Content, Row, check_control, check_keys, extras, header_key, positions
from ingestion.sources.files.settings import HEADER_ROWS

_PLAIN = Decimals()


def read(feed: Feed, content: bytes) -> Content:
    """The records of one sheet as text; raises Refused when the workbook is not as declared."""
    layout = feed.layout
    assert isinstance(layout, Workbook)
    grid = _grid(layout, content)
    top, headers = _header(grid, layout)
    places = positions(headers, layout.columns, layout.optional)
    found, totals = Content(), None
    for number, cells in enumerate(grid[top + 1 :], top + 2):
        if not any(_shown(cell) for cell in cells):
            continue
        if totals is not None:
            raise Refused(f"row {number} stands below the totals")
        if layout.totals is not None and _label(cells) in map(header_key, layout.totals.label):
            totals = _spelled(feed, layout, layout.totals.of, cells[places[layout.totals.of]])
            continue
        fields: dict[str, Any] = dict(extras(headers, [_shown(cell) for cell in cells], places.values()))
        for column in layout.columns:
            fields[column] = _spelled(feed, layout, column, cells[places[column]]) if column in places else None
        found.rows.append(Row(number, fields))
    if layout.totals is not None:
        if totals is None:
            raise Refused(f"the totals row ({', '.join(layout.totals.label)}) is missing: the sheet is not complete")
        check_control(found.rows, None, totals, layout.totals.of)
    check_keys(feed, found.rows)
    return found


def _grid(layout: Workbook, content: bytes) -> list[list[Any]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        if layout.sheet is not None and layout.sheet not in book.sheet_names:
            raise Refused(f"the workbook has no sheet {layout.sheet}, only {', '.join(book.sheet_names)}")
        sheet = book.get_sheet_by_name(layout.sheet) if layout.sheet else book.get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)
    except python_calamine.CalamineError as error:
        raise Refused(f"not a readable workbook ({str(error).splitlines()[0]})") from None


def _header(grid: Sequence[Sequence[Any]], layout: Workbook) -> tuple[int, list[str | None]]:
    """The first row in which a majority of the declared columns is named."""
    known = {header_key(alias) for aliases in layout.columns.values() for alias in aliases}
    for number, cells in enumerate(grid[:HEADER_ROWS]):
        headers = [_shown(cell) for cell in cells]
        if 2 * sum(header_key(h) in known for h in headers) > len(layout.columns):
            return number, headers
    raise Refused(f"no header row in the first {HEADER_ROWS} rows: none names most of {', '.join(layout.columns)}")


def _label(cells: Sequence[Any]) -> str:
    return header_key(next(filter(None, map(_shown, cells)), ""))


def _spelled(feed: Feed, layout: Workbook, column: str, cell: Any) -> str | None:
    kind = feed.object.columns[column]
    if kind == "date" and isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    shown = _shown(cell)
    if shown is None or not isinstance(cell, float | int):
        return spelling.spelled(shown, kind, layout.decimals, layout.dates)
    if kind == "date":
        return spelling.spelled(shown, kind, _PLAIN, (spelling.EXCEL_SERIAL,))
    return spelling.spelled(shown, kind, _PLAIN, ())


def _shown(cell: Any) -> str | None:
    """A cell as text: numbers without an exponent, whole ones without a point."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float | int):
        number = spelling.exact(cell)
        return number.rstrip("0").rstrip(".") if "." in number else number
    return spelling.text(str(cell))
