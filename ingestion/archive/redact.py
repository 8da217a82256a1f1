"""What must never be archived: the secrets of a source, wherever a request repeats them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import msgspec

# Stands in for every secret, in the archive and in the configuration of a replay. Spelled alike in any encoding.
REDACTED = "REDACTED"
# Shorter ones are words and numbers of everyday requests.
MIN_SECRET = 6
_USER = re.compile(r"//[^/@\s]*@")
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&](?:access_token|api_?key|auth|client_secret|password|refresh_token|sig|signature|token)=)[^&#]*"
)


class Redactor:
    """Strikes the secrets that it was told of from texts and bytes, in all spellings that requests have for them."""

    def __init__(self) -> None:
        self._spellings: list[str] = []

    def learn(self, secrets: Iterable[str]) -> None:
        """Strike these too from now on."""
        known = {spelling for secret in secrets if len(secret) >= MIN_SECRET for spelling in _spellings(secret)}
        # The longest go first, they may contain others.
        self._spellings = sorted({*self._spellings, *known}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTED)
        return text

    def content(self, content: bytes) -> bytes:
        """``content`` without secrets."""
        for spelling in self._spellings:
            content = content.replace(spelling.encode(), REDACTED.encode())
        return content

    def url(self, url: str) -> str:
        """The address without user, known secrets and parameters that are secrets by their name."""
        return _SECRET_PARAMETER.sub(rf"\1{REDACTED}", _USER.sub("//", self.text(url)))


def _spellings(secret: str) -> set[str]:
    in_json = msgspec.json.encode(secret)[1:-1].decode()
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), escape(secret), in_json}
