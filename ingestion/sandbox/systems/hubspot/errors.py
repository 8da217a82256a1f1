"""HubSpot's error bodies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import Response

from ingestion.sandbox.world import json_response, stable_number


class ApiError(Exception):
    """An answer other than success: HTTP status, message, and the category that most errors have."""

    def __init__(self, status: int, message: str, category: str | None = "VALIDATION_ERROR", **more: Any) -> None:
        super().__init__(message)
        self.status, self.category, self.more = status, category, more


class RateLimitError(Exception):
    """A used-up limit: its policy (TEN_SECONDLY_ROLLING, SECONDLY or DAILY)."""

    def __init__(self, policy: str) -> None:
        super().__init__(policy)
        self.policy = policy


def correlation_id(*parts: str) -> str:
    """The id that HubSpot's support asks for."""
    return str(UUID(int=stable_number("correlation", *parts, bits=64) << 64 | 0x4000 << 48, version=4))


def error_response(error: ApiError | RateLimitError) -> Response:
    """The error as HubSpot writes it; that of a limit has no category and says nothing of how long to wait."""
    body: dict[str, Any] = {"status": "error", "message": str(error), "correlationId": correlation_id(str(error))}
    if isinstance(error, RateLimitError):
        body |= {
            "message": f"You have reached your {error.policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "policyName": error.policy,
        }
        return json_response(body, 429)
    if error.category:
        body["category"] = error.category
    return json_response(body | error.more, error.status)
