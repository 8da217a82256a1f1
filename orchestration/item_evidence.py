"""Why an item is a leak, or why it is none: what the ledger decided about it, in money, with the records behind it."""

from __future__ import annotations

import duckdb

from ingestion.config import ConfigurationError
from orchestration.evidence import ITEM_TYPES, chain, explain
from orchestration.register import Row, rows

# What a verdict of the ledger answers to "why is this not a leak?".
_VERDICTS = {
    "billed": "billed in full, or all but an agreed tolerance",
    "not_yet_due": "not due on an invoice yet",
    "not_leakage": "nothing may be billed for it",
    "indeterminate": "it cannot be judged with the data at hand, so it is neither a leak nor none",
    "overbilling": "more was billed than agreed",
    "at_risk": "it is a leak: due, not billed, and still recoverable",
    "confirmed_loss": "it is a leak: due, not billed, and no longer recoverable",
}


def explain_anything(connection: duckdb.DuckDBPyConnection, what: str) -> Row:
    """The finding or the item that ``what`` names, with its ``chain``; an item's row has an ``item_id``.

    ``what`` is a finding's id or its unique beginning, an item's id (``kantata:123``), or a record as TYPE:SYSTEM:ID. A
    record that is no billable item is answered by the finding about it. Raises ConfigurationError when nothing, or more
    than one thing, has the name.
    """
    kind, system, source_id = _record(what)
    items = rows(
        connection,
        "select * from ledger.ledger__items"
        " where item_id = ? or (item_type = ? and source_system = ? and source_id = ?) order by item_type, item_id",
        [what, kind, system, source_id],
    )
    if len(items) > 1:
        names = ", ".join(f"{i['item_type']}:{i['source_system']}:{i['source_id']}" for i in items)
        raise ConfigurationError(f"{what!r}: several items have this id; name one of {names}")
    if items:
        return _item(connection, items[0])
    if kind is None:
        return explain(connection, what)
    about = rows(
        connection,
        "select finding_id from marts.leakage__findings"
        " where subject_type = ? and subject_system = ? and subject_source_id = ? order by finding_id",
        [kind, system, source_id],
    )
    if len(about) == 1:
        return explain(connection, about[0]["finding_id"])
    if about:
        ids = ", ".join(row["finding_id"] for row in about)
        raise ConfigurationError(f"{what!r}: {len(about)} findings are about it; explain one of {ids}")
    raise ConfigurationError(f"{what!r}: {_absence(connection, kind, system, source_id)}")


def _item(connection: duckdb.DuckDBPyConnection, item: Row) -> Row:
    """The item's ledger row with the claims on its open amount, the findings about it and its chain."""
    claims = rows(
        connection,
        "select category, verdict, reason, amount, currency, recovery_deadline from ledger.ledger__item_claims"
        " where item_id = ? order by claim_sequence, category",
        [item["item_id"]],
    )
    about = rows(
        connection,
        "select finding_id, category, verdict, amount, currency from marts.leakage__findings"
        " where subject_id = ? and subject_type = ? order by finding_id",
        [item["item_id"], item["item_type"]],
    )
    subject = {
        "subject_type": item["item_type"],
        "subject_system": item["source_system"],
        "subject_source_id": item["source_id"],
        "subject_id": item["item_id"],
    }
    return {
        **item,
        "causes": [c for c in (item["causes"] or "").split(";") if c],
        "answer": _VERDICTS.get(item["verdict"], item["verdict"]),
        "claims": claims,
        "findings": about,
        "chain": chain(connection, subject),
    }


def _record(what: str) -> tuple[str | None, str | None, str | None]:
    """``time_entry:kantata:123`` in its parts; no parts for anything else. The vendor's id may hold colons itself."""
    kind, _, rest = what.partition(":")
    system, _, source_id = rest.partition(":")
    return (kind, system, source_id) if kind and system and source_id else (None, None, None)


def _absence(connection: duckdb.DuckDBPyConnection, kind: str, system: str | None, source_id: str | None) -> str:
    """Why the ledger has no such item."""
    if kind not in ITEM_TYPES:
        return f"no finding is about it; items are named {', '.join(ITEM_TYPES)}"
    known = rows(
        connection,
        f"select is_deleted from canonical.{kind} where source_system = ? and source_id = ?",
        [system, source_id],
    )
    if not known:
        return "no such record was loaded; check the id, and whether the system has been read since it was made"
    return (
        "it was deleted in its system, so nothing is to be billed"
        if known[0]["is_deleted"]
        else ("it belongs to no billable work of any contract")
    )
