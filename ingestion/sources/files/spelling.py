"""Values as a feed writes them, turned into the one spelling that the raw contract reads.

Nothing is typed here. A value that is not written as declared becomes a text that says so, which the contract
quarantines with its row: ``1.234`` must not pass as one and a bit where it means a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache

from ingestion.contract import DECIMAL_TYPE
from ingestion.sources.files.feed import Decimals
from ingestion.sources.files.settings import SIGNIFICANT_DIGITS

# Blanks that group digits: plain, no-break and narrow no-break.
_BLANKS = "[ \u00a0\u202f]"
_EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_SERIAL = "excel"
# An id that a spreadsheet has taken for a number and rounded.
ROUNDED_ID = re.compile(r"\d[.,]\d+E\+\d+")


def text(value: str | None) -> str | None:
    """Plain text without surrounding blanks; None when nothing is left."""
    return (value or "").strip(" \t\r\n\u00a0") or None


def spelled(
    value: str | None, kind: str, style: Decimals, formats: Sequence[str], negative: bool = False
) -> str | None:
    """``value`` as the contract reads a column of type ``kind``; ``negative`` is what an indicator column said."""
    plain = text(value)
    if plain is None:
        return None
    if DECIMAL_TYPE.match(kind):
        number = _decimal(plain, style)
        if number is None:
            return f"not a number written as {example(style)}: {plain}"
        return negated(number) if negative else number
    return _date(plain, tuple(formats)) if kind == "date" else plain


def negated(number: str) -> str:
    """The number with the other sign, in the same spelling."""
    return number[1:] if number.startswith("-") else f"-{number}"


def implied(value: str, decimals: int) -> str | None:
    """Digits without a point and a sign behind them, as fixed-width records hold amounts: ``0012345-`` is -123.45."""
    plain = text(value)
    if plain is None:
        return None
    match = re.fullmatch(r"([0-9]+)([+-]?)", plain)
    if not match:
        return f"not digits with a sign behind them: {plain}"
    return format(Decimal(f"{match[2]}{match[1]}").scaleb(-decimals), "f")


def exact(number: float | int) -> str:
    """A cell's number as the spreadsheet shows it: binary noise beyond its 15 digits is cut off."""
    return format(Decimal(format(number, f".{SIGNIFICANT_DIGITS}g")), "f")


def amount(value: str | None) -> Decimal | None:
    """A spelled number, None when it is none: for adding up control totals."""
    try:
        return Decimal(value) if value is not None and not value.startswith("not ") else None
    except InvalidOperation:
        return None


def example(style: Decimals) -> str:
    """What a number of ``style`` looks like."""
    whole = f"1{style.thousands}234{style.point}50"
    return {"leading": f"-{whole}", "trailing": f"{whole}-", "parentheses": f"({whole})"}.get(style.negative, whole)


def _decimal(plain: str, style: Decimals) -> str | None:
    match = _pattern(style).fullmatch(plain)
    if not match:
        return None
    digits = re.sub(r"[^0-9]", "", match["whole"])
    number = f"{digits}.{match['part']}" if match["part"] else digits
    return f"-{number}" if match["minus"] else number


@cache
def _pattern(style: Decimals) -> re.Pattern[str]:
    group = _BLANKS if style.thousands == " " else re.escape(style.thousands)
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if style.thousands else ""
    number = rf"(?P<whole>{grouped}[0-9]+)(?:{re.escape(style.point)}(?P<part>[0-9]+))?"
    signed = {
        "leading": rf"(?:(?P<minus>-)|\+)?{number}",
        "trailing": rf"{number}(?:(?P<minus>-)|\+)?",
        "parentheses": rf"(?P<minus>\()?{number}(?(minus)\))",
        "indicator": rf"(?P<minus>(?!))?{number}",
    }
    return re.compile(signed[style.negative])


def _date(plain: str, formats: tuple[str, ...]) -> str | None:
    if not plain.strip("0"):
        # Fixed-width exports have no other way to say that there is no date.
        return None
    for form in formats:
        try:
            if form == EXCEL_SERIAL:
                return (_EXCEL_EPOCH + timedelta(days=int(plain))).isoformat()
            return datetime.strptime(plain, form).date().isoformat()
        except (ValueError, OverflowError):
            continue
    return f"not a date written as {' or '.join(formats)}: {plain}"
