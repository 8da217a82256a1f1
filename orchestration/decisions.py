"""Decisions of people about findings and exceptions: appended to tables of the warehouse that no build touches."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from ingestion.config import ConfigurationError
from orchestration import control, exceptions, register
from orchestration.register import Row

ACCEPTED, REJECTED = "accepted", "rejected"


def decide(finding_id: str, decision: str, reason: str | None, decided_by: str | None) -> Row:
    """Record a decision about the finding whose id begins with ``finding_id``; the next run takes it into the register.

    Returns the recorded row. A later decision about the same finding replaces this one, which stays in the table. Raises
    ConfigurationError for an unknown finding, a missing name or reason, and a warehouse that cannot be written.
    """
    who, why = (decided_by or "").strip(), (reason or "").strip()
    if not who:
        raise ConfigurationError("--by: say who decides, as in --by jane.doe@example.com")
    if decision == REJECTED and not why:
        raise ConfigurationError(
            "--reason: a rejected finding needs a reason, as in --reason 'agreed with the customer'"
        )
    with register.open_register() as connection:
        found = register.finding(connection, finding_id)
    recorded: Row = {
        "decision_id": uuid.uuid4().hex,
        "finding_id": found["finding_id"],
        "decision": decision,
        "reason": why or None,
        "decided_by": who,
        # UTC without a zone, as every timestamp of the warehouse.
        "decided_at": datetime.now(UTC).replace(tzinfo=None),
        **{name: found[name] for name in ("as_of_date", "verdict", "amount", "currency")},
    }
    control.append("finding_decision", [recorded], "the decision")
    return recorded


def snooze(exception_id: str, until: date, reason: str | None, decided_by: str | None) -> Row:
    """Put off the exception whose id begins with ``exception_id`` until a day, on which it is in the queue again.

    A day that has come takes an earlier snooze back. Returns the recorded row; raises as ``decide``.
    """
    who, why = (decided_by or "").strip(), (reason or "").strip()
    if not who:
        raise ConfigurationError("--by: say who decides, as in --by jane.doe@example.com")
    if not why:
        raise ConfigurationError("--reason: say why it can wait, as in --reason 'the customer answers on Friday'")
    with register.open_register() as connection:
        found = exceptions.exception(connection, exception_id)
    recorded: Row = {
        "decision_id": uuid.uuid4().hex,
        "exception_id": found["exception_id"],
        "decision": "snoozed",
        "until_date": until,
        "reason": why,
        "decided_by": who,
        "decided_at": datetime.now(UTC).replace(tzinfo=None),
        **{name: found[name] for name in ("as_of_date", "amount", "currency")},
    }
    control.append("exception_decision", [recorded], "the decision")
    return recorded
