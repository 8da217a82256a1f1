"""Dynamics 365 through staging, mapping and canonical: what the ledger knows comes out as it was, to the last decimal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import pipelines
from ingestion.sandbox.facts import EPOCH
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.dynamics365.ids import company
from ingestion.sandbox.world import World
from tests.dbt import part_of_project
from tests.sandbox.dynamics365_firm import SIGNED, firm

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
OTHERS = {"crm": "salesforce", "psa": "kantata", "expense": "concur", "procurement": "coupa"}
CANONICAL = (
    "invoice", "ledger_payment", "dispute", "write_off", "contract_balance", "contract_value", "change_order_record",
    "sync_event",
)  # fmt: skip
# Mapped alone: what they refer to belongs to systems that are not loaded here.
MAPPED = ("invoice_line", "billing_link", "wip_posting")
Row = dict[str, Any]


class Built:
    """The world that was served, and the tables that were built of what it sent."""

    def __init__(self, world: World, warehouse: Path) -> None:
        self.world = world
        self._warehouse = warehouse

    def id(self, kind: str, fact_id: str) -> str:
        """The ledger's own id of a fact."""
        return self.world.vendors["dynamics365"].external_id(kind, fact_id)

    def rows(self, table: str) -> dict[str, Row]:
        """Living records by the ledger's id, without what every record has."""
        with duckdb.connect(str(self._warehouse), read_only=True) as connection:
            found = connection.execute(f"select * from {table} where not is_deleted")
            names = [d[0] for d in found.description or []]
            records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        assert len({r["source_id"] for r in records}) == len(records)
        common = {"is_deleted", "source_updated_at"}
        return {r.pop("source_id"): {k: v for k, v in r.items() if k not in common} for r in records}

    def mapped(self, entity: str) -> dict[str, Row]:
        return self.rows(f"mapping.map_dynamics365__{entity}")

    def fact(self, entity: str, kind: str, fact_id: str) -> Row:
        """The mapped record of a fact."""
        return self.mapped(entity)[self.id(kind, fact_id)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The firm loaded once and built by a dbt project that has this vendor's models and the canonical ones alone.

    The other systems are not loaded: their ids come from the world, as those that the ledger's records carry do.
    """
    home = tmp_path_factory.mktemp("built")
    world = World(firm(), NOW, {**OTHERS, "erp": "dynamics365"})
    with SandboxServer(world) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in (server.credentials() | {"LEAKAGE_DATA_DIR": str(home)}).items():
            patch.setenv(name, value)
        pipelines.run("dynamics365", pipelines.source_for("dynamics365"))
    selected = [f"+{name}" for name in (*CANONICAL, *(f"map_dynamics365__{name}" for name in MAPPED))]
    part_of_project.build(home, ["erp=dynamics365"], "--select", *selected)
    yield Built(world, home / "warehouse.duckdb")


def test_a_customer_that_is_a_company_of_the_firm_names_it(built: Built) -> None:
    assert built.fact("customer", "customers", "C-2")["legal_entity_ref"] == company("LE-DE")
    assert built.fact("customer", "customers", "C-1")["legal_entity_ref"] is None
    invoices = built.rows("canonical.invoice")
    companies = built.rows("canonical.legal_entity")
    between = {i: r["intercompany_legal_entity_id"] for i, r in invoices.items() if r["intercompany_legal_entity_id"]}
    assert between == {
        built.id("invoices", i): companies[company("LE-DE")]["legal_entity_id"] for i in ("FREE", "TYPED")
    }


def test_refused_documents_say_when_and_why(built: Built) -> None:
    refused = {
        i: (r["rejected_date"], r["rejection_reason"]) for i, r in built.mapped("invoice").items() if r["rejected_date"]
    }
    assert refused == {
        built.id("invoices", "TERMS"): (date(2026, 4, 15), "po_exhausted"),
        built.id("invoices", "TYPED"): (date(2026, 4, 16), "tax_id_invalid"),
    }
    assert built.rows("canonical.invoice")[built.id("invoices", "TERMS")]["rejection_reason"] == "po_exhausted"


def test_documents_that_still_have_to_be_sent_say_so(built: Built) -> None:
    waiting = {i for i, r in built.mapped("invoice").items() if r["is_awaiting_sending"]}
    assert waiting == {built.id("invoices", "TERMS"), built.id("invoices", "FREE")}
    posted = {r["is_awaiting_sending"] for r in built.mapped("invoice").values() if r["status"] == "posted"}
    assert posted == {True, False}


def test_lines_say_what_they_are_for(built: Built) -> None:
    special = {i: r["line_type"] for i, r in built.mapped("invoice_line").items() if r["line_type"] != "items"}
    kinds = {"RET-L": "retainage", "FEE-L": "late_fee"}
    kinds |= {f"{kind}-L": kind for kind in ("retainage_release", "true_up", "retainer")}
    assert special == {built.id("invoice_lines", line): kind for line, kind in kinds.items()}
    assert built.fact("invoice_line", "invoice_lines", "true_up-L")["net_amount"] == Decimal("7.1234")


def test_a_billed_progress_report_is_named(built: Built) -> None:
    report = built.world.ref("psa", "progress_reports", "PR-1")
    (link,) = [r for r in built.mapped("billing_link").values() if r["item_type"] == "progress"]
    assert link["item_ref"] == report and link["amount"] == Decimal(5000)
    assert link["invoice_line_source_id"] == built.id("invoice_lines", "PR-L")


def test_payments_say_what_the_customer_kept_back(built: Built) -> None:
    payment = built.rows("canonical.ledger_payment")[built.id("payments", "PAY-W")]
    assert payment["amount"] == Decimal("4000.5000")
    assert payment["withholding_tax_amount"] == Decimal("450.0001")
    assert (payment["deduction_amount"], payment["deduction_reason"]) == (Decimal("49.4900"), "bank_charges")
    whole = built.rows("canonical.ledger_payment")[built.id("payments", "PAY-1")]
    assert (whole["withholding_tax_amount"], whole["deduction_amount"], whole["deduction_reason"]) == (0, 0, None)


def test_disputes_are_of_a_line_or_of_the_document(built: Built) -> None:
    found = built.mapped("dispute")
    assert found[built.id("disputes", "D-1")] == {
        "invoice_source_id": built.id("invoices", "TERMS"),
        "invoice_line_source_id": built.id("invoice_lines", "PR-L"),
        "amount": Decimal("1000.1000"),
        "currency": "USD",
        "reason_code": "quality",
        "opened_date": date(2026, 4, 16),
        "resolved_date": None,
    }
    free, resolved = found[built.id("disputes", "D-2")], found[built.id("disputes", "D-3")]
    assert free["invoice_line_source_id"] == built.id("invoice_lines", "FEE-L") and free["resolved_date"] is None
    assert resolved["invoice_line_source_id"] is None and resolved["reason_code"] is None
    assert (resolved["opened_date"], resolved["resolved_date"]) == (date(2026, 4, 18), date(2026, 4, 24))
    invoices, disputed = built.rows("canonical.invoice"), built.rows("canonical.dispute")
    of = {"D-1": "TERMS", "D-2": "FREE", "D-3": "INV-01"}
    assert {i: r["invoice_id"] for i, r in disputed.items()} == {
        built.id("disputes", dispute): invoices[built.id("invoices", invoice)]["invoice_id"]
        for dispute, invoice in of.items()
    }
    assert [bool(disputed[built.id("disputes", dispute)]["invoice_line_id"]) for dispute in of] == [True, True, False]


def test_write_offs_say_who_gave_up_what(built: Built) -> None:
    found = built.mapped("write_off")
    assert found == {
        built.id("write_offs", "WO-1"): {
            "invoice_source_id": built.id("invoices", "INV-03"),
            "amount": Decimal("160.0001"),
            "currency": "USD",
            "written_off_date": date(2026, 4, 22),
            "reason_code": "goodwill",
            "approver": "ann@firm.example",
            "approver_role": "partner",
        },
        built.id("write_offs", "WO-2"): {
            "invoice_source_id": built.id("invoices", "FREE"),
            "amount": Decimal(1),
            "currency": "USD",
            "written_off_date": date(2026, 4, 23),
            **dict.fromkeys(("reason_code", "approver", "approver_role")),
        },
    }
    invoices = built.rows("canonical.invoice")
    written_off = built.rows("canonical.write_off")[built.id("write_offs", "WO-1")]
    assert written_off["invoice_id"] == invoices[built.id("invoices", "INV-03")]["invoice_id"]


def test_the_ledgers_own_contract_values(built: Built) -> None:
    found = built.mapped("contract_value")
    refs = {line: built.world.ref("crm", "contract_lines", line) for line in ("CL-1", "CL-3")}
    assert found == {
        built.id("contract_lines", "CL-1"): {
            "contract_line_ref": refs["CL-1"],
            "amount": Decimal("90000.0001"),
            "currency": "EUR",
            "created_at": SIGNED.replace(tzinfo=None),
        },
        built.id("contract_lines", "CL-3"): {
            "contract_line_ref": refs["CL-3"],
            "amount": None,
            "currency": "USD",
            "created_at": EPOCH.replace(tzinfo=None),
        },
    }
    assert all(refs.values()) and set(built.rows("canonical.contract_value")) == set(found)


def test_the_ledgers_own_change_orders(built: Built) -> None:
    found = built.mapped("change_order_record")
    assert found == {
        built.id("change_orders", "CO-1"): {
            "change_order_ref": built.world.ref("crm", "change_orders", "CO-1"),
            "contract_line_ref": built.world.ref("crm", "contract_lines", "CL-1"),
            "delta_amount": Decimal(2500),
            "cap_delta_amount": Decimal("0.0100"),
            "currency": "USD",
            "created_at": SIGNED.replace(tzinfo=None),
        },
        built.id("change_orders", "CO-4"): {
            "change_order_ref": built.world.ref("crm", "change_orders", "CO-4"),
            "contract_line_ref": None,
            "delta_amount": Decimal(-10),
            "cap_delta_amount": Decimal(0),
            "currency": "EUR",
            "created_at": EPOCH.replace(tzinfo=None),
        },
    }
    assert set(built.rows("canonical.change_order_record")) == set(found)


def test_the_books(built: Built) -> None:
    contract = built.world.ref("crm", "contracts", "K-1")
    first = built.fact("contract_balance", "contract_balances", "CB-1")
    assert contract and first == {
        "engagement_ref": contract,
        "period_start_date": date(2026, 3, 1),
        "book": "primary",
        "contract_asset_amount": Decimal("11.0100"),
        "unbilled_receivable_amount": Decimal("22.0200"),
        "contract_liability_amount": Decimal("33.0300"),
        "loss_provision_amount": Decimal("44.0404"),
        "currency": "EUR",
    }
    other = built.rows("canonical.contract_balance")[built.id("contract_balances", "CB-2")]
    assert (other["book"], other["contract_asset_amount"], other["currency"]) == ("ifrs", 0, "USD")
    lines = {line: built.world.ref("crm", "contract_lines", line) for line in ("CL-1", "CL-3")}

    def posting(
        line: str, amount: str, day: date, item_type: str | None, item: str | None, book: str = "primary"
    ) -> Row:
        return {
            "contract_line_ref": lines[line], "item_type": item_type, "item_ref": item, "amount": Decimal(amount),
            "currency": "USD", "posted_date": day, "book": book,
        }  # fmt: skip

    entry, expense = built.world.ref("psa", "time_entries", "T120"), built.world.ref("expense", "expenses", "X-1")
    assert (
        entry
        and expense
        and built.mapped("wip_posting")
        == {
            built.id("wip_postings", "WP-1"): posting("CL-1", "1604.0001", date(2026, 3, 31), "time_entry", entry),
            built.id("wip_postings", "WP-2"): posting("CL-1", "-400", date(2026, 4, 1), "expense_item", expense),
            built.id("wip_postings", "WP-3"): posting("CL-3", "5", date(2026, 4, 2), None, None, "ifrs"),
        }
    )


def test_the_integrations_log(built: Built) -> None:
    world, found = built.world, built.mapped("sync_event")
    assert found[built.id("sync_events", "SE-1")] == {
        "record_type": "change_order",
        "record_ref": world.ref("crm", "change_orders", "CO-3"),
        "from_domain": "crm",
        "to_domain": "erp",
        "attempt": 3,
        "status": "failed",
        "error_class": "missing_reference",
        "is_transient": False,
        "occurred_at": datetime(2026, 2, 3, 10, 5),
    }
    carried = {r["record_type"]: r["record_ref"] for r in built.rows("canonical.sync_event").values()}
    assert None not in carried.values() and carried == {
        "change_order": world.ref("crm", "change_orders", "CO-3"),
        "customer": world.ref("crm", "customers", "C-1"),
        "project": world.ref("psa", "projects", "P-1"),
        "contract_line": world.ref("crm", "contract_lines", "CL-2"),
        "time_entry": world.ref("psa", "time_entries", "T000"),
        "expense_item": world.ref("expense", "expenses", "X-1"),
        "invoice": built.id("invoices", "FREE"),
        "payment": built.id("payments", "PAY-1"),
    }
    customer = found[built.id("sync_events", "SE-customer")]
    assert (customer["status"], customer["is_transient"]) == ("in_doubt", True)
