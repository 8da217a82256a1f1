"""Systems that keep a ledger, through staging and mapping: what they hold comes out as it was, whichever system it is.

The mapping models of each system are built alone, with the canonical models that need no other
system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import pipelines
from ingestion.sandbox.facts import EPOCH, Domain, Facts
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from tests.dbt import part_of_project
from tests.ledger_firm import KINDS, NOW, firm

SYSTEMS = ("netsuite", "files")
OTHERS = {"crm": "salesforce", "psa": "kantata", "expense": "concur", "procurement": "coupa"}
LATER = NOW + timedelta(days=1)
CANONICAL = ("dispute", "write_off", "contract_balance", "sync_event")
OWNERS: dict[str, tuple[Domain, str]] = {
    "time_entry": ("psa", "time_entries"),
    "expense_item": ("expense", "expenses"),
    "supplier_cost": ("procurement", "supplier_invoice_lines"),
    "progress": ("psa", "progress_reports"),
    "customer": ("crm", "customers"),
    "contract_line": ("crm", "contract_lines"),
    "change_order": ("crm", "change_orders"),
    "project": ("psa", "projects"),
    "invoice": ("erp", "invoices"),
    "payment": ("erp", "payments"),
}
Row = dict[str, Any]


@dataclass
class Ledger:
    """A built warehouse of one system, and the world whose facts are in it."""

    system: str
    world: World
    facts: Facts
    warehouse: Path

    def rows(self, table: str) -> list[Row]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            found = connection.execute(f"select * from {table}")
            names = [d[0] for d in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def mapped(self, entity: str, *columns: str) -> dict[str, tuple[Any, ...]]:
        """Id -> these columns of the mapped records of an entity."""
        found = self.rows(f"mapping.map_{self.system}__{entity}")
        assert len({row["source_id"] for row in found}) == len(found)
        return {row["source_id"]: tuple(row[c] for c in ("is_deleted", *columns)) for row in found}

    def own(self, kind: str, fact_id: str | None) -> str | None:
        return self.world.record_id("erp", kind, fact_id)  # type: ignore[arg-type]

    def ref(self, record_type: str, fact_id: str | None) -> str | None:
        return self.world.ref(*OWNERS[record_type], fact_id)


@pytest.fixture(scope="module", params=SYSTEMS)
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The firm loaded, and loaded again after some of it was deleted."""
    system, home = request.param, tmp_path_factory.mktemp(request.param)
    world, facts = World(firm(), NOW, {**OTHERS, "erp": system}), firm()
    with SandboxServer(world) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.credentials().items():
            patch.setenv(name, value)
        patch.setenv("LEAKAGE_DATA_DIR", str(home))
        patch.setenv("LEAKAGE_SYSTEMS", f"erp={system}")
        pipelines.run(system, pipelines.source_for(system))
        for kind in ("write_offs", "disputes", "contract_balances", "sync_events", "wip_postings"):
            getattr(facts, kind)[-1].deleted_at = LATER - timedelta(hours=1)
        facts.contract_lines[1].deleted_at = facts.change_orders[3].deleted_at = LATER - timedelta(hours=1)
        world.replace_facts(facts, LATER)
        pipelines.run(system, pipelines.source_for(system))
        _build(system, home)
        yield Ledger(system, world, facts, home / "warehouse.duckdb")


def _build(system: str, home: Path) -> None:
    chosen = ["--select", f"staging.{system}", f"mapping.{system}", *(f"+{model}" for model in CANONICAL)]
    part_of_project.build(home, [f"erp={system}"], *chosen)


def at(moment: datetime | None) -> datetime:
    return (moment or EPOCH).astimezone(UTC).replace(tzinfo=None)


def gone(fact: Any) -> bool:
    return fact.deleted_at is not None


def test_the_ledgers_own_contract_values(ledger: Ledger) -> None:
    found = {
        row["contract_line_ref"]: (row["is_deleted"], row["amount"], row["currency"], row["created_at"])
        for row in ledger.rows(f"mapping.map_{ledger.system}__contract_value")
    }
    lines = {line.id: line for line in ledger.facts.contract_lines}
    assert found == {
        ledger.ref("contract_line", "CL-1"): (False, Decimal("50000.25"), "EUR", at(lines["CL-1"].created_at)),
        ledger.ref("contract_line", "CL-2"): (True, None, "USD", at(None)),
        ledger.ref("contract_line", "CL-4"): (False, Decimal("900.1"), "EUR", at(None)),
    }


def test_the_ledgers_own_change_orders(ledger: Ledger) -> None:
    columns = ("change_order_ref", "contract_line_ref", "delta_amount", "cap_delta_amount", "currency", "created_at")
    first = ledger.facts.change_orders[0]
    assert ledger.mapped("change_order_record", *columns) == {
        ledger.own("change_orders", "CO-1"): (
            False, ledger.ref("change_order", "CO-1"), ledger.ref("contract_line", "CL-1"), Decimal("5000.5"),
            Decimal("-100"), "EUR", at(first.created_at),
        ),
        ledger.own("change_orders", "CO-4"): (
            True, ledger.ref("change_order", "CO-4"), None, Decimal("-3.3"), Decimal(0), "GBP", at(None),
        ),
    }  # fmt: skip


def test_disputes_and_write_offs(ledger: Ledger) -> None:
    columns = ("invoice_source_id", "invoice_line_source_id", "amount", "currency", "reason_code", "opened_date",
               "resolved_date")  # fmt: skip
    assert ledger.mapped("dispute", *columns) == {
        ledger.own("disputes", d.id): (
            gone(d), ledger.own("invoices", d.invoice), ledger.own("invoice_lines", d.line), d.amount, d.currency,
            d.reason, d.opened_on, d.resolved_on,
        )
        for d in ledger.facts.disputes
    }  # fmt: skip
    columns = (
        "invoice_source_id",
        "amount",
        "currency",
        "written_off_date",
        "reason_code",
        "approver",
        "approver_role",
    )
    assert ledger.mapped("write_off", *columns) == {
        ledger.own("write_offs", w.id): (
            gone(w), ledger.own("invoices", w.invoice), w.amount, w.currency, w.written_off_on, w.reason, w.approver,
            w.approver_role,
        )
        for w in ledger.facts.write_offs
    }  # fmt: skip


def test_balances_and_work_in_progress(ledger: Ledger) -> None:
    columns = ("engagement_ref", "period_start_date", "book", "contract_asset_amount", "unbilled_receivable_amount",
               "contract_liability_amount", "loss_provision_amount", "currency")  # fmt: skip
    month = datetime(2026, 3, 1).date()
    assert ledger.mapped("contract_balance", *columns) == {
        ledger.own("contract_balances", b.id): (
            gone(b), ledger.world.ref("crm", "contracts", "K-1"), month, b.book, b.contract_asset,
            b.unbilled_receivable, b.contract_liability, b.loss_provision, b.currency,
        )
        for b in ledger.facts.contract_balances
    }  # fmt: skip
    kinds = {"T-1": "time_entry", "X-1": "expense_item", "SL-1": "supplier_cost"}
    columns = ("contract_line_ref", "item_type", "item_ref", "amount", "currency", "posted_date", "book")
    assert ledger.mapped("wip_posting", *columns) == {
        ledger.own("wip_postings", w.id): (
            gone(w), ledger.ref("contract_line", w.contract_line), kinds.get(w.item),
            ledger.ref(kinds[w.item], w.item) if w.item else None, w.amount, w.currency, w.posted_on, w.book,
        )
        for w in ledger.facts.wip_postings
    }  # fmt: skip
    methods = ledger.mapped("revenue_schedule", "method", "recognised_amount")
    assert list(methods.values()) == [(False, "prepaid_drawdown", Decimal(80))]


def test_the_log_of_the_integration(ledger: Ledger) -> None:
    columns = ("record_type", "record_ref", "from_domain", "to_domain", "attempt", "status", "error_class",
               "is_transient", "occurred_at")  # fmt: skip
    kinds = {"expense": "expense_item"}
    events = {ledger.own("sync_events", e.id): e for e in ledger.facts.sync_events}
    assert ledger.mapped("sync_event", *columns) == {
        own: (
            gone(e), kinds.get(e.record_type, e.record_type),
            ledger.ref(kinds.get(e.record_type, e.record_type), e.record), e.from_domain, e.to_domain, e.attempt,
            e.status, e.error, e.is_transient, at(e.occurred_at),
        )
        for own, e in events.items()
    }  # fmt: skip
    # A customer that no other system was told of is logged without an id.
    assert [
        e.record for own, e in events.items() if ledger.mapped("sync_event", "record_ref")[own or ""][1] is None
    ] == ["C-DE"]


def test_documents_say_what_they_are_for_and_what_was_kept_back(ledger: Ledger) -> None:
    assert ledger.mapped("invoice_line", "line_type") == {
        ledger.own("invoice_lines", line): (False, kind)
        for line, kind in [*((f"L-{kind}", kind) for kind in KINDS), ("L-2", "items")]
    }
    billed = {"time_entry": "T-1", "expense_item": "X-1", "supplier_cost": "SL-1", "progress": "PR-1"}
    assert set(ledger.mapped("billing_link", "item_type", "item_ref", "amount").values()) == {
        (False, kind, ledger.ref(kind, item), Decimal("25.025")) for kind, item in billed.items()
    }
    assert ledger.mapped("payment", "withholding_tax_amount", "deduction_amount", "deduction_reason") == {
        ledger.own("payments", p.id): (False, p.withholding_tax, p.deduction, p.deduction_reason)
        for p in ledger.facts.payments
    }
    assert ledger.mapped("invoice", "rejected_date", "rejection_reason", "is_awaiting_sending") == {
        ledger.own("invoices", i.id): (False, i.rejected_on, i.rejection_reason, i.awaits_sending)
        for i in ledger.facts.invoices
    }
    assert ledger.mapped("customer", "legal_entity_ref") == {
        ledger.own("customers", "C-1"): (False, None),
        ledger.own("customers", "C-DE"): (False, ledger.own("legal_entities", "LE-DE")),
    }


def test_canonical_rows_find_each_other(ledger: Ledger) -> None:
    invoices = {row["source_id"]: row for row in ledger.rows("canonical.invoice")}
    within = invoices[ledger.own("invoices", "INV-2") or ""]
    entities = {row["source_id"]: row["legal_entity_id"] for row in ledger.rows("canonical.legal_entity")}
    assert within["intercompany_legal_entity_id"] == entities[ledger.own("legal_entities", "LE-DE") or ""] is not None
    assert invoices[ledger.own("invoices", "INV-1") or ""]["intercompany_legal_entity_id"] is None
    for entity, facts in (("dispute", ledger.facts.disputes), ("write_off", ledger.facts.write_offs)):
        found = {row["source_id"]: row["invoice_id"] for row in ledger.rows(f"canonical.{entity}")}
        assert found == {
            ledger.own(f"{entity}s", f.id): invoices[ledger.own("invoices", f.invoice) or ""]["invoice_id"]
            for f in facts
        }
    assert len(ledger.rows("canonical.contract_balance")) == 2 and len(ledger.rows("canonical.sync_event")) == 9
