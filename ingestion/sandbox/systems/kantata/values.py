"""How Kantata OX writes ids, moments and money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from ingestion.sandbox.world import stable_number

# The account's zone: timestamps carry its offset, never a Z.
ZONE = timezone(timedelta(hours=-8))
_ID_BITS = 48
_BASE_UNITS = {
    "JPY": 1,
    "KRW": 1,
    "CLP": 1,
    "ISK": 1,
    "VND": 1,
    "BHD": 1000,
    "KWD": 1000,
    "JOD": 1000,
    "OMR": 1000,
    "TND": 1000,
}
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def vendor_id(kind: str, fact_id: str) -> str:
    """A numeric id as text, the same in every run."""
    return str(stable_number("kantata", kind, fact_id, bits=_ID_BITS))


def iso(moment: datetime) -> str:
    """A moment in the account's zone with second resolution, so that texts sort like moments."""
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def base_unit(currency: str) -> int:
    """How many subunits make one unit of ``currency``."""
    return _BASE_UNITS.get(currency, 100)


def symbol(currency: str) -> str:
    return _SYMBOLS.get(currency, currency)


def subunits(amount: Decimal | None, currency: str) -> int | None:
    """``amount`` in whole subunits, rounded half up."""
    return None if amount is None else whole(amount * base_unit(currency))


def whole(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))
