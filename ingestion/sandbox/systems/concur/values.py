"""How Expense v3 writes moments and custom fields."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from ingestion.sandbox.world import stable_number

CUSTOM_TEXT_LENGTH = 48


def customs(count: int) -> list[str]:
    """The names of the first ``count`` custom fields."""
    return [f"Custom{n}" for n in range(1, count + 1)]


def custom(kind: str, value: str | None) -> dict[str, Any] | None:
    """A custom field of a type other than a list; None when it is empty."""
    if value is None:
        return None
    return {"Type": kind, "Value": value[:CUSTOM_TEXT_LENGTH], "Code": None, "ListItemID": None}


def list_item(name: str, code: str) -> dict[str, Any]:
    """A list field's value: the item's name, with its code beside it."""
    item = str(UUID(int=stable_number("list_item", code, bits=63)))
    return {"Type": "List", "Value": name[:CUSTOM_TEXT_LENGTH], "Code": code, "ListItemID": item}


def noon(day: date) -> datetime:
    """Noon of a day, UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def naive(value: datetime | None) -> str | None:
    """UTC without saying so, milliseconds without trailing zeros."""
    if value is None:
        return None
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.rstrip("0").rstrip(".") if "." in text and text.endswith("0") else text


def moment(text: str) -> datetime:
    """A query's or record's naive datetime; any number of fraction digits."""
    main, _, fraction = text.partition(".")
    return datetime.fromisoformat(main).replace(microsecond=int(fraction[:6].ljust(6, "0")) if fraction else 0)
