"""SLA thresholds as the policies state them, for whoever watches assets instead of records.

Read from the same files as the marts: the shipped seed, or the firm's own that stands in for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from ingestion.config import DOMAINS
from orchestration.policies import PolicyError, folders
from orchestration.policies.declared import declared_seeds
from orchestration.policies.read import Row, read_seeds

# Policy -> the record whose way to the next system it bounds.
SYNC_SLAS = {
    "time_sync_sla": "time_entry",
    "expense_sync_sla": "expense_item",
    "invoice_sync_sla": "invoice",
    "payment_sync_sla": "payment",
}
IN_HOURS = ("feed_max_age", *SYNC_SLAS)


def feed_limits(on: date) -> dict[str, timedelta]:
    """Domain -> how far its feed may be behind on that day (feed_max_age of the domain, or of the firm)."""
    rows = _valid(on)["feed_max_age"]
    return {domain: _narrowest(rows, domain) for domain in DOMAINS}


def sync_limits(on: date) -> dict[str, timedelta]:
    """Record type -> within which time the next system has it on that day."""
    rows = _valid(on)
    return {record: _narrowest(rows[key], None) for key, record in SYNC_SLAS.items()}


def _valid(on: date) -> Mapping[str, Mapping[str | None, timedelta]]:
    """The values of the policies in hours that hold on a day, by policy and id of their scope (None: the whole firm).

    Raises PolicyError when the file cannot be read.
    """
    rows, problems = read_seeds(folders(), {"policies": declared_seeds()["policies"]})
    if "policies" not in rows:
        raise PolicyError([problem for problem in problems if problem.file == "policies.csv"])
    found: dict[str, dict[str | None, timedelta]] = defaultdict(dict)
    for row in rows["policies"]:
        if row.text["policy_key"] in IN_HOURS and _holds(row, on):
            limit = timedelta(hours=float(row.values["policy_value"]))
            found[row.text["policy_key"]][row.values["scope_id"]] = limit
    return found


def _holds(row: Row, on: date) -> bool:
    until = row.values["valid_to"]
    return row.values["valid_from"] <= on and (until is None or on < until)


def _narrowest(values: Mapping[str | None, timedelta], domain: str | None) -> timedelta:
    return values.get(domain, values[None])
