"""Alerts about the exception queue: each exception is told once to each of its targets, and again when it gets worse.

What is sent is recorded before and after (``control.alert_event``), so a rerun, a crash or a second process sends nothing
twice. An alert whose sending was interrupted is in doubt: nobody knows whether it arrived, and it is not sent again unasked.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from filelock import FileLock, Timeout

from ingestion.config import ConfigurationError, settings
from orchestration import control, exceptions, register
from orchestration.alerts.delivery import Sender
from orchestration.alerts.plan import DIGEST, IMMEDIATE, Alert, Told, due
from orchestration.alerts.routes import AlertRoutes, alert_routes
from orchestration.register import Row

__all__ = ["DIGEST", "IMMEDIATE", "Alert", "Outcome", "send"]

_PURPOSE = "what was sent"


@dataclass
class Outcome:
    """What became of a run of alerts; ``in_doubt`` counts those that an earlier run was interrupted in."""

    sent: list[Alert] = field(default_factory=list)
    failed: list[Alert] = field(default_factory=list)
    in_doubt: int = 0
    is_dry_run: bool = False


def send(mode: str, *, dry_run: bool = False, repeat_in_doubt: bool = False) -> Outcome:
    """Send what is due in ``mode`` (digest or immediate), or only say what would be sent.

    Raises ConfigurationError when no target is configured, one cannot be used, or alerts are being sent already.
    """
    routes = alert_routes()
    sender = Sender(routes.targets or {})
    folder = settings().data_dir
    try:
        with FileLock(folder / "alerts.lock").acquire(timeout=0):
            return _send(mode, routes, sender, dry_run=dry_run, repeat_in_doubt=repeat_in_doubt)
    except Timeout:
        raise ConfigurationError(f"{folder}: alerts are being sent already; wait for that to end") from None


def _send(mode: str, routes: AlertRoutes, sender: Sender, *, dry_run: bool, repeat_in_doubt: bool) -> Outcome:
    with register.open_register() as connection:
        queue = exceptions.queue(connection, snoozed=False)
    told = Told(control.read("alert_event", _PURPOSE), forget_in_doubt=repeat_in_doubt)
    outcome = Outcome(in_doubt=told.in_doubt, is_dry_run=dry_run)
    for alert in due(mode, _without_fresh_snoozes(queue), routes, told):
        if dry_run:
            outcome.sent.append(alert)
            continue
        alert_id = uuid.uuid4().hex
        _record(alert_id, "sending", alert)
        arrived = sender.send(alert)
        _record(alert_id, "sent" if arrived else "failed", alert)
        (outcome.sent if arrived else outcome.failed).append(alert)
    return outcome


def _without_fresh_snoozes(queue: Sequence[Row]) -> list[Row]:
    """The queue without what was put off since it was built: the latest decision about each exception holds."""
    latest = {row["exception_id"]: row for row in control.read("exception_decision", _PURPOSE)}
    return [
        e
        for e in queue
        if (decided := latest.get(e["exception_id"])) is None
        or decided["until_date"] <= e["as_of_date"]
        or decided["as_of_date"] < e["first_seen_date"]
    ]


def _record(alert_id: str, event_type: str, alert: Alert) -> None:
    moment = datetime.now(UTC).replace(tzinfo=None)
    about = {
        "alert_id": alert_id,
        "event_type": event_type,
        "happened_at": moment,
        "mode": alert.mode,
        "target": alert.target,
    }
    told = ("exception_id", "owner", "escalation_level", "severity", "as_of_date")
    events = [about | {name: exception[name] for name in told} for exception in alert.exceptions]
    control.append("alert_event", events, _PURPOSE)
