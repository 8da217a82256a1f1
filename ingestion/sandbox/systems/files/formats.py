"""The legacy tools' file formats, written as those tools write them and without a look at what reads them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from ingestion.sandbox.systems.files.records import Row

Cell = Any
_EXCEL_EPOCH = date(1899, 12, 30)


def grouped(value: Decimal, point: str, thousands: str) -> str:
    """A number without its sign, its digits in groups of three."""
    whole, _, part = f"{abs(value):,f}".partition(".")
    return whole.replace(",", thousands) + (point + part if part else "")


def trailing_minus(value: Decimal) -> str:
    """German: ``1.604,00-``."""
    return grouped(value, ",", ".") + ("-" if value < 0 else "")


def plain(value: Decimal) -> str:
    """As programs write it: ``-1604.00``."""
    return f"{value:f}"


def in_parentheses(value: Decimal) -> str:
    """American: ``(1,604.00)``."""
    text = grouped(value, ".", ",")
    return f"({text})" if value < 0 else text


def table(
    headers: Sequence[str], lines: Sequence[Sequence[str | None]], delimiter: str, encoding: str, line_end: str = "\r\n"
) -> bytes:
    """Delimited text; fields with the delimiter, quotes or line breaks are quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(headers)
    writer.writerows([["" if cell is None else cell for cell in line] for line in lines])
    return text.getvalue().encode(encoding)


def packed(value: Decimal | None, width: int, decimals: int) -> str:
    """Digits with implied decimals and the sign behind them, as a host writes amounts; blank for none."""
    if value is None:
        return " " * width
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {decimals} decimals")
    digits = f"{abs(int(scaled)):0{width - 1}d}"
    return _fitting(digits + ("-" if value < 0 else "+"), width)


def padded(value: str | None, width: int) -> str:
    """Text on the left of its field; a key that does not fit is an error, never cut."""
    return _fitting(value or "", width).ljust(width)


def cut(value: str | None, width: int) -> str:
    """Text that a host cuts when it is too long; it has no line breaks."""
    return " ".join((value or "").split())[:width].ljust(width)


def day(value: date | None, form: str) -> str:
    """A date in a fixed-width field; zeros when there is none."""
    return value.strftime(form) if value else "0" * len(date(2026, 1, 1).strftime(form))


def _fitting(text: str, width: int) -> str:
    if len(text) > width:
        raise ValueError(f"{text!r} does not fit {width} characters")
    return text


def records(header: str, details: Sequence[str], total: Decimal, encoding: str) -> bytes:
    """Fixed-width records between a header and a trailer with count and control total."""
    trailer = f"T{len(details):09d}{packed(total, 22, 4)}"
    return ("\r\n".join([header, *details, trailer]) + "\r\n").encode(encoding)


def workbook(sheet: Sequence[Sequence[Cell]]) -> bytes:
    """A minimal XLSX file of one sheet; dates are numbers with a date format, text stands in the cells."""
    rows = []
    for number, cells in enumerate(sheet, 1):
        inner = "".join(_cell(f"{_column(n)}{number}", cell) for n, cell in enumerate(cells))
        rows.append(f'<row r="{number}">{inner}</row>')
    parts = dict(_PARTS)
    parts["xl/worksheets/sheet1.xml"] = (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            # A fixed time: the same content is the same file.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def _cell(place: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f'<c r="{place}" s="1"><v>{(value - _EXCEL_EPOCH).days}</v></c>'
    if isinstance(value, Decimal | int):
        return (
            f'<c r="{place}"><v>{value:f}</v></c>'
            if isinstance(value, Decimal)
            else f'<c r="{place}"><v>{value}</v></c>'
        )
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _column(position: int) -> str:
    return chr(ord("A") + position)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
    ),
}

Writer = Callable[[Sequence[Row], str], bytes]
