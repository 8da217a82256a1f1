"""The parts of a verification that all senders share: several valid keys, constant time, a window against replay."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingestion.config import ConfigurationError
from ingestion.sources.events.receiver import Proof, Refused

REPLAY_WINDOW = timedelta(minutes=5)
LEAST_SECRET_BYTES = 16


@dataclass(frozen=True)
class Key:
    """One valid secret or public key; ``id`` tells it from others in the evidence and gives nothing of it away."""

    id: str
    value: bytes


def keys(sender: str, setting: str, values: Sequence[str] | None, least_bytes: int = LEAST_SECRET_BYTES) -> list[Key]:
    """The configured secrets as keys, all of them valid: while one replaces another there are two.

    Raises ConfigurationError for one that is too short to be a secret, without showing it.
    """
    if isinstance(values, str):
        raise ConfigurationError(f'{sender}: {setting} must be a list of secrets, write it as ["..."]')
    encoded = [value.strip().encode() for value in values or ()]
    if any(len(value) < least_bytes for value in encoded):
        raise ConfigurationError(
            f"{sender}: {setting} has a secret of fewer than {least_bytes} bytes; use a longer one"
        )
    return [Key(key_id(value), value) for value in encoded]


def key_id(value: bytes) -> str:
    """A short name of a key, made with a one-way function of its own."""
    return hmac.new(b"key id", value, hashlib.sha256).hexdigest()[:8]


def proven_by(scheme: str, keys: Iterable[Key], matches: Callable[[bytes], bool], what: str) -> Proof:
    """The key that ``matches``; all are tried, so that time does not tell which. Raises Refused (401)."""
    found = [key.id for key in keys if matches(key.value)]
    if not found:
        raise Refused(401, f"{what} does not match any valid key")
    return Proof(scheme, found[0])


def equal(given: bytes, expected: bytes) -> bool:
    """Compare two secrets in a time that depends on neither their content nor their length."""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(expected).digest())


def from_base64(text: str) -> bytes:
    """Strict base64; raises Refused (401)."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused(401, "the signature is not base64") from None


def whole_number(text: str, what: str) -> int:
    """A header that must be digits and nothing else; raises Refused (401)."""
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise Refused(401, f"{what} is missing or not a whole number")
    return int(text)


def check_window(seconds: float, now: datetime, window: timedelta = REPLAY_WINDOW) -> None:
    """Refuse (401) what was signed too long ago, or in the future, by ``seconds`` since 1970."""
    age = now.astimezone(UTC).timestamp() - seconds
    if abs(age) > window.total_seconds():
        raise Refused(401, "the signature is too old" if age > 0 else "the signature is from the future")
