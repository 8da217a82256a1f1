"""Standard Webhooks (v1 and v1a): ``<id>.<timestamp>.<body>`` signed with HMAC-SHA256 or Ed25519.

The published Python library verifies text bodies with one secret only, lets malformed headers escape as other
exceptions and knows no v1a. It signs in the tests; here the specification is followed over raw bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ingestion.config import ConfigurationError
from ingestion.sources.events.receiver import Proof, Refused, Request
from ingestion.sources.events.signatures import Key, check_window, from_base64, key_id, whole_number

SCHEME = "standard-webhooks"
EVIDENCE = ("webhook-id", "webhook-timestamp")
_SECRET, _PUBLIC_KEY = "whsec_", "whpk_"
_SECRET_BYTES, _PUBLIC_KEY_BYTES = range(24, 65), range(32, 33)
# A full stop separates the signed parts: with one in the id, two requests could share a signature.
_ID = re.compile(r"[!-\-/-~]{1,255}", re.ASCII)
# Senders that rotate send a signature per key; more than these are no rotation.
_MAX_SIGNATURES = 8


class StandardWebhooks:
    """Verifies one sender's signatures with all of its valid keys."""

    def __init__(self, sender: str, setting: str, secrets: Sequence[str]) -> None:
        """``secrets`` are ``whsec_...`` or ``whpk_...``; raises ConfigurationError when one cannot be used."""
        self._secrets: list[Key] = []
        self._public_keys: list[Key] = []
        if isinstance(secrets, str) or not secrets:
            raise ConfigurationError(f'{sender}: {setting} must be a list of secrets, write it as ["whsec_..."]')
        for text in secrets:
            kind, key = _key(text)
            if key is None:
                raise ConfigurationError(
                    f"{sender}: {setting} has an entry that is neither whsec_ and 24 to 64 bytes in base64 "
                    "nor whpk_ and an Ed25519 public key in base64"
                )
            (self._secrets if kind == _SECRET else self._public_keys).append(key)

    def verify(self, request: Request) -> Proof:
        """Which key signed ``request``; raises Refused (401)."""
        message_id = request.headers.get("webhook-id", "")
        timestamp = request.headers.get("webhook-timestamp", "")
        if not _ID.fullmatch(message_id):
            raise Refused(401, "webhook-id is missing or has characters that it may not have")
        check_window(whole_number(timestamp, "webhook-timestamp"), request.received_at)
        signed = f"{message_id}.{timestamp}.".encode() + request.body
        v1, v1a = _signatures(request.headers.get("webhook-signature", ""))

        def by_secret(key: Key) -> bool:
            expected = hmac.new(key.value, signed, hashlib.sha256).digest()
            return any(hmac.compare_digest(expected, given) for given in v1)

        def by_public_key(key: Key) -> bool:
            return any(_is_signed(key.value, given, signed) for given in v1a)

        proven = [*filter(by_secret, self._secrets), *filter(by_public_key, self._public_keys)]
        if not proven:
            raise Refused(401, "webhook-signature does not match any valid key")
        return Proof(SCHEME, proven[0].id)


def _key(text: str) -> tuple[str, Key | None]:
    for prefix, lengths in ((_SECRET, _SECRET_BYTES), (_PUBLIC_KEY, _PUBLIC_KEY_BYTES)):
        if text.startswith(prefix):
            try:
                value = base64.b64decode(text[len(prefix) :].strip(), validate=True)
            except (binascii.Error, ValueError):
                return prefix, None
            return prefix, Key(key_id(value), value) if len(value) in lengths else None
    return "", None


def _signatures(header: str) -> tuple[list[bytes], list[bytes]]:
    """The signatures of both versions that this product knows; others are passed over, as the specification asks."""
    found: dict[str, list[bytes]] = {"v1": [], "v1a": []}
    for part in header.split(" ")[:_MAX_SIGNATURES]:
        version, _, signature = part.partition(",")
        if version in found:
            found[version].append(from_base64(signature))
    return found["v1"], found["v1a"]


def _is_signed(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True
