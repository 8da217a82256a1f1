"""The table of deleted records: what was there once, of which type."""

from __future__ import annotations

from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder

# Kind of fact -> kind of its id, id of the record type, and the name of the type.
_TYPES = {
    "invoices": ("invoices", -30, "Invoice"),
    "payments": ("payments", -30, "Payment"),
    "project_costs": ("journal", -30, "Journal"),
    "write_offs": ("write_offs", -30, "Journal"),
    "wip_postings": ("wip_journal", -30, "Journal"),
    "contract_lines": ("salesorder", -30, "Sales Order"),
    "customers": ("customers", -2, "Customer"),
    "projects": ("projects", -7, "Project"),
    "fx_rates": ("fx_rates", -1, "Currency Exchange Rate"),
    "change_orders": ("change_orders", 101, "Change Order"),
    "disputes": ("disputes", 102, "Invoice Dispute"),
    "contract_balances": ("contract_balances", 103, "Contract Balance"),
    "sync_events": ("sync_events", 104, "Integration Log"),
}


def add_deletions(builder: Builder) -> None:
    """Custom records have types of their own, with positive numbers."""
    for kind, (id_kind, type_id, label) in _TYPES.items():
        for fact in builder.system.facts(kind):
            if builder.is_gone(fact):
                builder.add(
                    "deletedrecord",
                    recordid=number(id_kind, fact.id), recordtypeid=type_id, type=label, name=fact.id, context="UI",
                    deleteddate=builder.local(fact.deleted_at), iscustomrecord="T" if type_id > 0 else "F",
                )  # fmt: skip
