"""Dataverse's change tracking: which rows changed and which are gone since a token was given out."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
LIFETIME = timedelta(days=7)
"""ExpireChangeTrackingInDays of the organisation."""
_STAMP = "%m/%d/%Y %H:%M:%S"


class ExpiredToken(Exception):
    """The token is older than the change log, or was never given out by it."""


class ChangeLog:
    """All rows of an organisation with the version at which each last changed, and its deletions."""

    def __init__(self) -> None:
        # Tokens of an organisation that was set up anew must not be taken for ours.
        self._first = self._version = time.time_ns() // 1000
        self._rows: dict[tuple[str, str], tuple[int, Row]] = {}
        self._gone: list[tuple[int, str, str]] = []

    def note(self, tables: dict[str, dict[str, Row]]) -> None:
        """Compare the present rows, by table and id, with those noted before."""
        present = {(table, own): row for table, rows in tables.items() for own, row in rows.items()}
        for key, row in present.items():
            known = self._rows.get(key)
            if known is None or known[1] != row:
                self._version += 1
                self._rows[key] = (self._version, row)
        for key in [key for key in self._rows if key not in present]:
            self._version += 1
            self._gone.append((self._version, *key))
            del self._rows[key]

    def token(self, now: datetime) -> str:
        """``version!MM/dd/yyyy HH:mm:ss``."""
        return f"{self._version}!{now.strftime(_STAMP)}"

    def since(self, token: str, table: str, now: datetime) -> tuple[list[Row], list[str]]:
        """Changed rows of ``table``, oldest change first, and ids of deleted ones; raises ExpiredToken."""
        version, _, stamp = token.partition("!")
        try:
            number, taken = int(version), datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            raise ExpiredToken from None
        if not self._first <= number <= self._version or now - taken > LIFETIME:
            raise ExpiredToken
        changed = [(at, row) for (name, _), (at, row) in self._rows.items() if name == table and at > number]
        gone = [key for at, name, key in self._gone if name == table and at > number and (table, key) not in self._rows]
        return [row for _, row in sorted(changed, key=lambda pair: pair[0])], list(dict.fromkeys(gone))
