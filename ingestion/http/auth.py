"""OAuth 2.0 token requests as all vendors answer them; the vendor's own fields are added by its source."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import msgspec

from ingestion.http.errors import PermanentError
from ingestion.http.session import VendorSession


def request_token(system: str, url: str, form: dict[str, str], basic: tuple[str, str] | None = None) -> dict[str, Any]:
    """POST a token request; returns the vendor's JSON answer.

    Raises PermanentError when the vendor refuses the credentials; the message names its error code, never the secret.
    """
    headers = {"Accept": "application/json"}
    if basic:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    response = VendorSession(system, describe=_oauth_error).request("POST", url, data=form, headers=headers)
    answer = msgspec.json.decode(response.content)
    if not isinstance(answer, dict) or "access_token" not in answer:
        raise PermanentError(f"{system}: the token endpoint answered without an access_token; check the configured address")
    return answer


def _oauth_error(response: Any) -> str:
    try:
        body = response.json()
    except ValueError:
        return "no readable error"
    return str(body.get("error") or body)[:200] if isinstance(body, dict) else "no readable error"
