"""The validation interface as the gateway serves it: on the published register, for the callers that are configured."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Mount

from ingestion.config import settings
from orchestration.validation.keys import Keys
from orchestration.validation.settings import validation_settings


def validation_routes(say: Callable[[str], None]) -> list[Mount]:
    """What to serve under ``/v1``: nothing when no caller has a key. Raises ConfigurationError."""
    conf = validation_settings()
    keys = Keys(conf.keys or {}, conf.scopes or {})
    if not keys:
        return []
    # Half a second of imports that a gateway for events alone does without.
    from orchestration.validation.app import validation_app
    from orchestration.validation.snapshot import Snapshot

    say(f"callers ask under /v1, described in /v1/openapi.json: {', '.join(sorted(conf.keys or {}))}")
    app = validation_app(Snapshot(settings().published_dir), keys, conf.requests_per_second)
    return [Mount("/v1", app)]
