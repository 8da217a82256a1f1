"""The two ways into a portal: a token that was issued once, and OAuth with a refresh token."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

from ingestion.http.auth import request_token
from ingestion.sources.hubspot.settings import SYSTEM


class StaticToken(AuthBase):
    """The token of a private app or a service key: it does not expire, it is rotated or revoked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class OAuthGrant:
    """Exchanges the refresh token of an installed app for an access token; HubSpot's live for half an hour."""

    def __init__(self, base_url: str, api_version: str, client_id: str, client_secret: str, refresh_token: str) -> None:
        # The token endpoint's v1 belongs to v3 of everything else; dated versions name all alike.
        version = "v1" if api_version.startswith("v") else api_version
        self._url = f"{base_url.rstrip('/')}/oauth/{version}/token"
        self._form = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }

    def __call__(self) -> tuple[str, float | None]:
        """A new access token and its lifetime in seconds; raises PermanentError when the grant is refused."""
        answer = request_token(SYSTEM, self._url, self._form)
        # An answer may bring a new refresh token; the old one is good for nothing then.
        self._form["refresh_token"] = str(answer.get("refresh_token") or self._form["refresh_token"])
        lifetime = answer.get("expires_in")
        return str(answer["access_token"]), None if lifetime is None else float(lifetime)
