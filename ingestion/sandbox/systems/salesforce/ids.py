"""Salesforce record ids: 15 case-sensitive characters and a suffix of 3 that makes them safe to compare without case."""

from __future__ import annotations

from ingestion.sandbox.world import stable_number

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Hs0"


def checksum(id15: str) -> str:
    """The suffix of a 15-character id: each character's bits say which of 5 characters are upper case."""
    chunks = (id15[i : i + 5] for i in (0, 5, 10))
    return "".join(_SUFFIX[sum(1 << bit for bit, char in enumerate(chunk) if "A" <= char <= "Z")] for chunk in chunks)


def record_id(prefix: str, *parts: str) -> str:
    """The 18-character id of the record that ``parts`` name, the same in every run."""
    number = stable_number(prefix, *parts, bits=53)
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    id15 = f"{prefix}{_POD}{digits}"
    return id15 + checksum(id15)
