"""The log of the integration: one custom record per attempt to carry a record from one system to another."""

from __future__ import annotations

from ingestion.sandbox.facts import Domain
from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder

# Type of a record -> the domain whose system owns it, and the kind of fact.
_OWNER: dict[str, tuple[Domain, str]] = {
    "customer": ("crm", "customers"),
    "contract_line": ("crm", "contract_lines"),
    "change_order": ("crm", "change_orders"),
    "project": ("psa", "projects"),
    "time_entry": ("psa", "time_entries"),
    "expense": ("expense", "expenses"),
    "invoice": ("erp", "invoices"),
    "payment": ("erp", "payments"),
}
_STATUS = {"succeeded": "SUCCESS", "failed": "FAILED", "in_doubt": "IN_DOUBT"}


def add_integration_log(builder: Builder) -> None:
    """Every attempt names the record by its id in the system that owns it."""
    for event in builder.living("sync_events"):
        domain, kind = _OWNER[event.record_type]
        builder.add(
            "customrecord_integration_log",
            id=number("sync_events", event.id), custrecord_log_record_type=event.record_type.upper(),
            custrecord_log_record_id=builder.system.world.ref(domain, kind, event.record),
            custrecord_log_from=event.from_domain.upper(), custrecord_log_to=event.to_domain.upper(),
            custrecord_log_attempt=event.attempt, custrecord_log_status=_STATUS[event.status],
            custrecord_log_error=event.error, custrecord_log_transient="T" if event.is_transient else "F",
            custrecord_log_occurred=builder.local(event.occurred_at), isinactive="F", created=builder.created(event),
            lastmodified=builder.changed(event),
        )  # fmt: skip
