"""What one system reads from a Salesforce org, declared; packages that run on the platform declare theirs the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ingestion.raw import RawObject

MONEY, RATE, PERCENT = "decimal(18,4)", "decimal(18,6)", "decimal(9,4)"
CURRENCY = {"CurrencyIsoCode": "text"}
_AUDIT = {"Id": "text", "IsDeleted": "bool", "CreatedDate": "timestamp", "SystemModstamp": "timestamp"}
_TRANSPORT = frozenset({"attributes"})
# Salesforce stamps a record when the statement runs, not when its transaction commits: a long transaction shows up with
# an older stamp than what was read before it.
_LATE_COMMITS = timedelta(minutes=10)


@dataclass(frozen=True)
class Catalog:
    """The raw objects of ``system`` and the objects of the org that they are read from.

    ``api_names`` maps a raw object to its API name when the configuration does not say otherwise. ``essential`` are
    fields without which a verdict would silently be wrong: a load stops when the integration user cannot see one of
    them, every other declared field that an org lacks is loaded as NULL. ``conditions`` (SOQL) narrow what is read, and of
    ``declared_only`` objects no undeclared field is.
    """

    system: str
    objects: Mapping[str, RawObject]
    api_names: Mapping[str, str]
    essential: Mapping[str, frozenset[str]]
    conditions: Mapping[str, str] = field(default_factory=dict)
    declared_only: frozenset[str] = frozenset()

    def declared_fields(self) -> set[str]:
        """``Object.field`` of everything that is declared, in standard names."""
        return {f"{name}.{column}" for raw, name in self.api_names.items() for column in self.objects[raw].columns}


def record_object(name: str, fields: Mapping[str, str]) -> RawObject:
    """An object whose records stay, flagged, while they are in the recycle bin; ``fields`` beside the audit fields."""
    return changing_object(name, _AUDIT | dict(fields), "SystemModstamp")


def changing_object(name: str, columns: Mapping[str, str], cursor: str) -> RawObject:
    """An object read by what changed since the last run; ``columns`` are all of its fields."""
    return RawObject(
        name=name, key=("Id",), columns=columns, cursor=cursor, overlap=_LATE_COMMITS, transport=_TRANSPORT
    )


def small_set(name: str, fields: Mapping[str, str]) -> RawObject:
    """Set-up data without deletion flag: a few rows, read completely each time."""
    columns = {"Id": "text", "SystemModstamp": "timestamp"} | dict(fields)
    return RawObject(name=name, key=("Id",), columns=columns, snapshot=True, transport=_TRANSPORT)
