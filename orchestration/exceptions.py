"""Reading the exception queue: what somebody has to act on, by owner."""

from __future__ import annotations

import duckdb

from ingestion.config import ConfigurationError
from orchestration.register import Row, rows

# Owners as people call them.
TEAMS = {
    "FIN": "Finance",
    "PMO": "PMO",
    "SVC": "Services",
    "SOP": "Sales operations",
    "IT": "IT",
    "PROC": "Procurement",
}
SEVERITIES = ("low", "medium", "high")


def queue(connection: duckdb.DuckDBPyConnection, owner: str | None = None, *, snoozed: bool = True) -> list[Row]:
    """The exceptions, the most urgent first; raises ConfigurationError for an unknown owner."""
    if owner is not None and owner not in TEAMS:
        raise ConfigurationError(f"--owner: {owner!r} is nobody here; write one of {', '.join(TEAMS)}")
    return rows(
        connection,
        "select * from marts.operations__exceptions where (? is null or owner = ?) and (? or status = 'open')"
        " order by owner, status, case severity when 'high' then 0 when 'medium' then 1 else 2 end,"
        " escalation_level desc, deadline_date nulls last, amount desc nulls last, exception_id",
        [owner, owner, snoozed],
    )


def exception(connection: duckdb.DuckDBPyConnection, exception_id: str) -> Row:
    """The exception whose id this is, or begins with this; raises ConfigurationError when not exactly one matches."""
    matches = [e for e in queue(connection) if str(e["exception_id"]).startswith(exception_id)] if exception_id else []
    if len(matches) != 1:
        problem = f"{len(matches)} exceptions begin with it" if matches else "no exception has it"
        raise ConfigurationError(f"exception id {exception_id!r}: {problem}; see `leakage exceptions`")
    return matches[0]
