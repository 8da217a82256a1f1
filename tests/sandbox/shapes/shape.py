"""JSON schemas of vendors' records in short: field names by type. What is not documented is not allowed."""

from __future__ import annotations

from typing import Any

import jsonschema

Shape = dict[str, Any]

KINDS: dict[str, Shape] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    # A decimal as text: no exponent, no thousands, exact.
    "decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    # A moment with an offset, and one that is UTC without saying so.
    "moment": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"},
    "naive": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?$"},
    "anything": {},
}


def record(required: str = "", nested: dict[str, Shape] | None = None, **fields: str) -> Shape:
    """The schema of a record: each argument names fields of one of ``KINDS``, separated by blanks.

    ``nested`` are fields with shapes of their own. Every field may be null, except those of ``required``.
    """
    properties = {name: KINDS[kind] for kind, names in fields.items() for name in names.split()}
    properties |= nested or {}
    keys = required.split()
    return {
        "type": "object",
        "properties": {name: kind if name in keys else _or_null(kind) for name, kind in properties.items()},
        "required": keys,
        "additionalProperties": False,
    }


def listed(shape: Shape) -> Shape:
    """The schema of a list of records."""
    return {"type": "array", "items": shape}


def one_of(*values: str) -> Shape:
    """The schema of an enumeration."""
    return {"type": "string", "enum": list(values)}


def check(value: Any, shape: Shape) -> None:
    """Raises jsonschema's ValidationError, which names the field, when ``value`` is not of this shape."""
    jsonschema.Draft202012Validator(shape).validate(value)


def _or_null(kind: Shape) -> Shape:
    return {"anyOf": [kind, {"type": "null"}]} if kind else kind
