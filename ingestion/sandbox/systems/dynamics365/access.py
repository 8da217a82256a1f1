"""Entra's token endpoint for one application that may use both services; a token is good for one resource."""

from __future__ import annotations

import secrets
from typing import Any

TOKEN_SECONDS = 3599
TENANT = "5f0c1b5e-7a52-4bd6-9a3f-0d1c3f4a8e11"


class Access:
    """The application, its secret, and the access tokens issued so far with the resource they are for."""

    def __init__(self) -> None:
        self.client_id = "0b6ccf0e-4f27-4a0e-9e35-6c7a6a1f2b77"
        self.client_secret = secrets.token_urlsafe(30)
        self._issued: dict[str, str] = {}

    def grant(
        self, form: dict[str, str], resources: tuple[str, ...], trace: str, now: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the token endpoint's answer; ``resources`` are the addresses of the services."""

        def refused(status: int, error: str, code: int, text: str) -> tuple[int, dict[str, Any]]:
            description = f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {trace} Timestamp: {now}"
            return status, {
                "error": error, "error_description": description, "error_codes": [code], "timestamp": now,
                "trace_id": trace, "correlation_id": trace,
                "error_uri": f"https://login.microsoftonline.com/error?code={code}",
            }  # fmt: skip

        if form.get("grant_type") != "client_credentials":
            return refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client_id:
            text = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            return refused(400, "unauthorized_client", 700016, text)
        if not secrets.compare_digest(form.get("client_secret", ""), self.client_secret):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
                f"not the client secret ID, for a secret added to app '{self.client_id}'."
            )
            return refused(401, "invalid_client", 7000215, text)
        resource, _, suffix = form.get("scope", "").rpartition("/.default")
        if suffix or resource.rstrip("/") not in resources:
            text = f"The resource principal named {form.get('scope')} was not found in the tenant."
            return refused(400, "invalid_resource", 500011, text)
        return 200, {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self.issue(resource.rstrip("/")),
        }

    def issue(self, resource: str) -> str:
        token = f"eyJ{secrets.token_urlsafe(48)}"
        self._issued[token] = resource
        return token

    def expire(self) -> None:
        """Make every access token issued so far invalid."""
        self._issued.clear()

    def allows(self, token: str | None, resource: str) -> bool:
        """Whether ``token`` was issued for ``resource``: one for the other service is refused."""
        return token is not None and self._issued.get(token) == resource
