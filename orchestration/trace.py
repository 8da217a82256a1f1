"""The way of an agreement or an amendment through the systems, found by any of the records that people know it by."""

from __future__ import annotations

import duckdb

from ingestion.config import ConfigurationError
from orchestration.register import Row, rows

# What a name may be, and the subjects that it leads to: our id, the id in the vendor's system, or the number on the paper.
_SUBJECTS = {
    "engagement": "select 'engagement' as subject_type, engagement_id as subject_id, engagement_id from canonical.engagement"
    " where not is_deleted and ? in (engagement_id, source_id, opportunity_source_id)",
    "change order": "select 'change_order' as subject_type, change_order_id as subject_id, engagement_id"
    " from canonical.change_order where not is_deleted and ? in (change_order_id, source_id, co_number)",
    "invoice": "select distinct 'engagement' as subject_type, line.engagement_id as subject_id, line.engagement_id"
    " from canonical.invoice as invoice inner join canonical.invoice_line as line on invoice.invoice_id = line.invoice_id"
    " where line.engagement_id is not null and not line.is_deleted"
    " and ? in (invoice.invoice_id, invoice.source_id, invoice.invoice_number)",
}


def trace(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    """The steps of what ``name`` stands for, in order: an engagement with its change orders, a change order alone, or the
    engagements that an invoice bills.

    Raises ConfigurationError when no record has the name, or records of several kinds have it.
    """
    found = {kind: rows(connection, sql, [name]) for kind, sql in _SUBJECTS.items()}
    kinds = [kind for kind, subjects in found.items() if subjects]
    if len(kinds) != 1:
        problem = f"{' and '.join(kinds)} have it" if kinds else "no engagement, change order or invoice of one has it"
        raise ConfigurationError(f"trace {name!r}: {problem}; give an id as `leakage explain` shows it")
    (kind,) = kinds
    column = "subject_id" if kind == "change order" else "correlation_id"
    ids = sorted({str(subject["subject_id"]) for subject in found[kind]})
    return rows(
        connection,
        f"select * from marts.operations__traces where list_contains(?, {column})"
        " order by correlation_id, case subject_type when 'engagement' then 0 else 1 end, subject_id, step_number",
        [ids],
    )
