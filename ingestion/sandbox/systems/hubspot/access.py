"""Who may call the portal and how often: tokens, OAuth, and the limits per day, ten seconds and second."""

from __future__ import annotations

import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from ingestion.sandbox.systems.hubspot.catalog import PORTAL_ID
from ingestion.sandbox.systems.hubspot.errors import ApiError, RateLimitError
from ingestion.sandbox.world import bearer, json_response

ACCESS_TOKEN = "pat-na1-5a4db0c5-0000-4000-8000-5a4db0c5a4db"
CLIENT_ID = "b1d3c0de-0000-4000-8000-sandboxclient"
CLIENT_SECRET = "sandbox-hubspot-secret"
REFRESH_TOKEN = "na1-5a4d-b0c5-0000-4000-8000-refresh"
SCOPES = ["oauth", "crm.objects.companies.read", "crm.objects.deals.read", "crm.objects.custom.read"]
TOKEN_SECONDS = 1800


class Access:
    """Tokens and limits; the limits count in real time and can be changed by a test."""

    def __init__(self) -> None:
        self.daily_limit = 1_000_000
        self.burst_limit = 190
        self.search_limit = 5
        self.used_today = 0
        self.missing_scopes: dict[str, str] = {}
        self._issued: set[str] = set()
        self._count = 0
        self._burst: deque[float] = deque()
        self._searches: deque[float] = deque()

    def expire(self) -> None:
        """End the access tokens of OAuth; the token of a private app does not expire."""
        self._issued.clear()

    def admit(self, request: Request) -> None:
        """Let the request in, or raise what HubSpot answers to it."""
        token = bearer(request)
        if token is None:
            message = (
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
                "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
            )
            raise ApiError(401, message, "INVALID_AUTHENTICATION")
        if token != ACCESS_TOKEN and token not in self._issued:
            if token.startswith("CO"):
                raise ApiError(401, "The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION")
            raise ApiError(401, "The access token used to make this call is not valid.", "INVALID_AUTHENTICATION")
        is_search = request.url.path.endswith("/search")
        if self.used_today >= self.daily_limit:
            raise RateLimitError("DAILY")
        self.used_today += 1
        if is_search:
            _count(self._searches, 1.0, self.search_limit, "SECONDLY")
        else:
            _count(self._burst, 10.0, self.burst_limit, "TEN_SECONDLY_ROLLING")
        for part, scope in self.missing_scopes.items():
            if part in request.url.path:
                context = {"requiredGranularScopes": [scope]}
                raise ApiError(
                    403,
                    "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
                    "here: https://developers.hubspot.com/scopes.",
                    "MISSING_SCOPES",
                    errors=[{"message": "One or more of the following scopes are required.", "context": context}],
                    links={"scopes": "https://developers.hubspot.com/scopes"},
                )

    def headers(self, request: Request) -> dict[str, str]:
        """The rate limit headers of an answer; searches have none, and OAuth apps no daily ones."""
        if request.url.path.endswith("/search"):
            return {}
        found = {
            "X-HubSpot-RateLimit-Max": self.burst_limit,
            "X-HubSpot-RateLimit-Remaining": max(self.burst_limit - len(self._burst), 0),
            "X-HubSpot-RateLimit-Interval-Milliseconds": 10_000,
        }
        if bearer(request) == ACCESS_TOKEN:
            found |= {
                "X-HubSpot-RateLimit-Daily": self.daily_limit,
                "X-HubSpot-RateLimit-Daily-Remaining": max(self.daily_limit - self.used_today, 0),
            }
        return {name: str(value) for name, value in found.items()}

    async def token(self, request: Request) -> Response:
        """The token endpoint: refresh token to access token; its errors have fields of OAuth and of HubSpot."""
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        if form.get("grant_type") != "refresh_token":
            return _oauth_error("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _oauth_error("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("refresh_token") != REFRESH_TOKEN:
            return _oauth_error("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
        self._count += 1
        token = f"COsandbox{self._count}"
        self._issued.add(token)
        return json_response(
            {
                "access_token": token,
                "refresh_token": REFRESH_TOKEN,
                "expires_in": TOKEN_SECONDS,
                "token_type": "bearer",
                "token_use": "access_token",
                "hub_id": PORTAL_ID,
                "user_id": 4021,
                "scopes": SCOPES,
            }
        )


def _count(recent: deque[float], seconds: float, limit: int, policy: str) -> None:
    now = time.monotonic()
    while recent and recent[0] <= now - seconds:
        recent.popleft()
    if len(recent) >= limit:
        raise RateLimitError(policy)
    recent.append(now)


def _oauth_error(error: str, status: str, message: str) -> Response:
    body: dict[str, Any] = {"error": error, "error_description": message, "status": status, "message": message}
    return json_response(body, 400)
