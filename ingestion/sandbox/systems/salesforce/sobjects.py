"""Objects of an org: their fields and types, and what describe says about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SYSTEM = {
    "Id": "id",
    "IsDeleted": "boolean",
    "CreatedDate": "datetime",
    "LastModifiedDate": "datetime",
    "SystemModstamp": "datetime",
}
VIEWED = {"LastViewedDate": "datetime", "LastReferencedDate": "datetime"}
MONEY = {"CurrencyIsoCode": "picklist"}


@dataclass(frozen=True)
class SObject:
    """One object of the org: key prefix, field types, lookups (field -> object), formula fields, unusual decimal places."""

    name: str
    prefix: str
    fields: dict[str, str]
    references: dict[str, str]
    formulas: frozenset[str] = frozenset()
    scales: Mapping[str, int] = field(default_factory=dict)
    has_delete_log: bool = True


_SCALES = {"currency": (18, 2), "percent": (5, 2), "double": (18, 0)}


def field_types(sobject: SObject, records: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Field types as the org has them now: a field that an admin renamed in all records goes by its new name alone."""
    present: set[str] = set()
    for record in records:
        present.update(record)
    if not present:
        return dict(sobject.fields)
    kept = {name: kind for name, kind in sobject.fields.items() if name in present}
    return kept | dict.fromkeys(sorted(present - kept.keys()), "string")


def describe(name: str, sobject: SObject, types: dict[str, str]) -> dict[str, Any]:
    """The answer of ``/sobjects/<name>/describe``; ``name`` is the object's API name in this org."""
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "keyPrefix": sobject.prefix,
        "custom": name.endswith("__c"),
        "queryable": True,
        "replicateable": sobject.has_delete_log,
        "fields": [_field(sobject, field_name, kind) for field_name, kind in types.items()],
        "childRelationships": [],
        "recordTypeInfos": [],
    }


def _field(sobject: SObject, name: str, kind: str) -> dict[str, Any]:
    precision, scale = _SCALES.get(kind, (0, 0))
    target = sobject.references.get(name)
    compound = "BillingAddress" if name.startswith("Billing") and sobject.name == "Account" else None
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": kind,
        "custom": name.endswith("__c"),
        "length": 18 if kind in ("id", "reference") else 255 if kind in ("string", "picklist", "email") else 0,
        "precision": precision,
        "scale": sobject.scales.get(name, scale),
        "nillable": name not in ("Id", "IsDeleted", "SystemModstamp"),
        "filterable": kind not in ("address", "textarea"),
        "compoundFieldName": compound if name != compound else None,
        "calculated": name in sobject.formulas,
        "referenceTo": [target] if target else [],
        "relationshipName": (name.removesuffix("Id") if name.endswith("Id") else name[:-1] + "r") if target else None,
        "picklistValues": [],
        "permissionable": name not in SYSTEM,
    }
