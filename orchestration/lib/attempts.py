"""What became of each attempt to read a system, kept in ``control.load_attempt``: the queue tells who has to act."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime

from ingestion.config import ConfigurationError
from ingestion.http.errors import CredentialsError, PartialLoadError, PermanentError, SourceError
from orchestration import control

_log = logging.getLogger(__name__)


def record_attempt(system: str, started: datetime, error: Exception | None = None) -> None:
    """Keep the outcome of a load that began at ``started`` (UTC) and ends now.

    A load whose outcome cannot be kept is still what it was: that is logged and raises nothing.
    """
    status = "succeeded" if error is None else "partial" if isinstance(error, PartialLoadError) else "failed"
    attempt = {
        "load_attempt_id": uuid.uuid4().hex,
        "source_system": system,
        "started_at": started.astimezone(UTC).replace(tzinfo=None),
        "ended_at": datetime.now(UTC).replace(tzinfo=None),
        "status": status,
        "error_class": _class_of(error),
        # Whoever asks again may succeed, unless the source says that it is of no use.
        "is_transient": isinstance(error, SourceError) and not isinstance(error, PermanentError),
        "detail": _sentence(system, error),
    }
    try:
        # The first load of all may be the one that fails.
        control.append("load_attempt", [attempt], "the outcome of a load", create=True)
    except ConfigurationError as problem:
        _log.warning("the outcome of the load of %s was not kept: %s", system, problem)


def _class_of(error: Exception | None) -> str | None:
    if error is None:
        return None
    kinds = {PartialLoadError: "partial", CredentialsError: "credentials", PermanentError: "permanent"}
    known = next((name for kind, name in kinds.items() if isinstance(error, kind)), None)
    return known or ("transient" if isinstance(error, SourceError) else "unexpected")


def _sentence(system: str, error: Exception | None) -> str | None:
    """A source's errors are sentences for people; of anything else only the kind is told, its text may hold anything."""
    if error is None or isinstance(error, SourceError):
        return None if error is None else str(error)
    return f"{system}: the load ended unexpectedly ({type(error).__name__}); see the run's log"
