"""OAuth 2.0 token requests as all vendors answer them; the vendor's own fields are added by its source."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import requests

from ingestion.archive.redact import REDACTED
from ingestion.archive.tape import is_replay
from ingestion.http.errors import CredentialsError, PermanentError
from ingestion.http.session import VendorSession


def request_token(
    system: str,
    url: str,
    form: dict[str, str],
    basic: tuple[str, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """POST a token request; returns the vendor's JSON answer. A replay needs no token and asks for none.

    Raises CredentialsError when the vendor refuses them; the message names its error code, never the secret.
    """
    if is_replay():
        return {"access_token": REDACTED}
    headers = {"Accept": "application/json"}
    if basic:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    session = VendorSession(
        system,
        describe=_error_code,
        remedy=f"the credentials were refused, check [sources.{system}] in .dlt/secrets.toml or the environment",
        sleep=sleep,
        confidential=True,
    )
    try:
        answer = session.json("POST", url, data=form, headers=headers)
    except PermanentError as refused:
        raise CredentialsError(str(refused)) from None
    if not isinstance(answer, dict) or "access_token" not in answer:
        raise CredentialsError(f"{system}: the token endpoint sent no access_token; check the configured address")
    return answer


def _error_code(response: requests.Response) -> str:
    """The error code of RFC 6749; descriptions and other fields may repeat what was sent."""
    try:
        body = response.json()
    except ValueError:
        body = None
    code = body.get("error") if isinstance(body, dict) else None
    return str(code) if isinstance(code, str | int) else "no readable error"
