"""Decisions of people about findings: appended to a table of the warehouse that no build touches."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import duckdb

from ingestion.config import ConfigurationError, settings
from ingestion.http.errors import SourceError
from ingestion.warehouse import exclusive
from orchestration import register
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
    _append(recorded)
    return recorded


def _append(recorded: Row) -> None:
    warehouse = settings().warehouse_path
    if not warehouse.exists():
        raise ConfigurationError(
            f"{warehouse}: there is no warehouse to keep the decision in; type `leakage run` first"
        )
    marks = ", ".join("?" for _ in recorded)
    try:
        with exclusive(warehouse), duckdb.connect(str(warehouse)) as connection:
            connection.execute(
                f"insert into control.finding_decision ({', '.join(recorded)}) values ({marks})", [*recorded.values()]
            )
    except SourceError as busy:
        raise ConfigurationError(str(busy)) from None
    except duckdb.CatalogException:
        raise ConfigurationError(
            f"{warehouse}: it was built before decisions could be kept; type `leakage run` and decide again"
        ) from None
    except duckdb.IOException:
        raise ConfigurationError(f"{warehouse}: another program has it open; close that and decide again") from None
