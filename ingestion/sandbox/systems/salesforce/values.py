"""How the REST API writes moments, dates and numbers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal


def moment(value: datetime) -> str:
    """A datetime as the REST API writes it; Salesforce keeps whole seconds."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def number(value: Decimal | int | None) -> Decimal | None:
    """A number as the REST API writes it: no trailing zeros, but always a decimal place."""
    if value is None:
        return None
    short = Decimal(value).normalize()
    return short if int(short.as_tuple().exponent) < 0 else short.quantize(Decimal("0.1"))


def day(value: date | None) -> str | None:
    """A date as the REST API writes it."""
    return value.isoformat() if value else None
