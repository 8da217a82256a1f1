"""Who may ask what: keys that are kept as hashes, each with the scopes of its caller.

A key is 256 random bits, so that a plain hash of it keeps it: there is nothing to guess. It is shown once, when it is made,
and stands in no file and no log of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ingestion.config import ConfigurationError

Scope = Literal["customers:read", "projects:read", "rates:read", "validate"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# The one in use and the one that replaces it.
KEYS_OF_A_CALLER = 2
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_CALLER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Caller:
    """A system that may ask."""

    name: str
    scopes: frozenset[str]


class Keys:
    """The callers and the hashes of their keys.

    ``hashes`` maps a caller to ``sha256:...`` of each valid key, ``scopes`` to what it may ask. Raises ConfigurationError
    when one of them cannot be used; the message shows no hash.
    """

    def __init__(self, hashes: Mapping[str, Sequence[str]], scopes: Mapping[str, Sequence[str]]) -> None:
        self._entries: list[tuple[bytes, Caller]] = []
        for name, of_caller in hashes.items():
            if not _CALLER.fullmatch(name):
                raise ConfigurationError(f"validation: caller {name!r} must be lower-case letters, digits, _ and -")
            if not isinstance(of_caller, list | tuple) or not 1 <= len(of_caller) <= KEYS_OF_A_CALLER:
                raise ConfigurationError(f"validation: {name} must have a list of one or two hashes of keys")
            if not all(isinstance(text, str) and _HASH.fullmatch(text) for text in of_caller):
                raise ConfigurationError(
                    f"validation: {name} has a hash that `leakage api-key` did not print; it reads sha256: and 64 hex digits"
                )
            granted = scopes.get(name, ())
            if not granted or (unknown := sorted(set(granted) - set(SCOPES))):
                wrong = f"unknown scopes {', '.join(unknown)}" if granted else "no scopes"
                raise ConfigurationError(
                    f"validation: {name} has {wrong}; [validation.scopes] gives it some of {', '.join(SCOPES)}"
                )
            self._entries += [(text.encode(), Caller(name, frozenset(granted))) for text in of_caller]
        if strangers := sorted(set(scopes) - set(hashes)):
            raise ConfigurationError(f"validation: {', '.join(strangers)} has scopes and no key in [validation.keys]")

    def __bool__(self) -> bool:
        return bool(self._entries)

    def caller(self, key: str) -> Caller | None:
        """Whose key it is; every key is compared, each in constant time."""
        presented = hashed(key).encode()
        found = None
        for known, caller in self._entries:
            if hmac.compare_digest(known, presented):
                found = caller
        return found


def new_key() -> str:
    """A key that nobody can guess."""
    return f"lk_{secrets.token_urlsafe(32)}"


def hashed(key: str) -> str:
    """What is kept of a key."""
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}"
