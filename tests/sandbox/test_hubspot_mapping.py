"""HubSpot: what the portal says of a firm arrives at the canonical contract exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.sandbox.facts import EPOCH
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from tests.hubspot_portal import CARD_ENTERED_AT, LATER, SIGNED_AT, firm, load, world
from tests.sandbox.built import build, table

CANONICAL = ("contract_line", "rate_card", "change_order")
TERMS = {
    "discount_end_date": date(2026, 9, 30),
    "discount_tiers": "0:0;100000:5.5",
    "tier_mode": "retroactive",
    "uplift_pct": Decimal("3.2500"),
    "uplift_date": date(2027, 1, 1),
    "uplift_notice_due_date": date(2026, 10, 31),
    "uplift_notice_date": date(2026, 10, 15),
    "min_commitment_amount": Decimal("25000.1000"),
    "min_commitment_period": "year",
    "retainage_pct": Decimal("10.0000"),
    "retainage_release_date": date(2027, 3, 31),
    "overage_rate": Decimal("199.125000"),
    "late_fee_pct": Decimal("8.7500"),
    "estimated_hours": Decimal("1200.2500"),
}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """The firm read twice, with a merge and a deletion in between, up to the canonical models of what was agreed."""
    home = tmp_path_factory.mktemp("mapped")
    with SandboxServer(world()) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in (server.credentials() | {"LEAKAGE_DATA_DIR": str(home)}).items():
            patch.setenv(name, value)
        load()
        loser = {"updated_at": LATER, "merged_into": "C0"}
        changed = [c.model_copy(update=loser) if c.id == "C8" else c for c in firm().customers]
        deleted = firm().contract_lines[1].model_copy(update={"deleted_at": LATER})
        lines = [firm().contract_lines[0], deleted, firm().contract_lines[2]]
        server.world.replace_facts(firm(customers=changed, contract_lines=lines), LATER)
        load()
        build(home, "crm", "hubspot", *CANONICAL)
        yield server.world, home


def mapped_row(mapped: tuple[World, Path], entity: str, kind: str, fact_id: str) -> dict[str, Any]:
    """The mapped record of a fact, found by the id that other systems' references to it carry."""
    world, home = mapped
    found = table(home, f"mapping.map_hubspot__{entity}")[str(world.ref("crm", kind, fact_id))]
    return {name: value for name, value in found.items() if name not in {"source_id", "source_updated_at"}}


def test_customers_and_their_former_ids(mapped):
    aliases = [mapped_row(mapped, "customer", "customers", c) for c in ("C0", "C8")]
    merged = {a["merged_into_source_id"] for a in aliases}
    assert len(merged) == 1, "both ids from before the merge lead to one record"
    assert not merged & {mapped[0].ref("crm", "customers", c) for c in ("C0", "C8")}
    assert [a["is_deleted"] for a in aliases] == [False, False]
    assert mapped_row(mapped, "customer", "customers", "C1") == {
        "is_deleted": False,
        "name": "Ørsted 東京 «ПАО»",
        "parent_source_id": merged.pop(),
        "currency": "EUR",
        "country": "DE",
        "payment_terms_days": 45,
        "merged_into_source_id": None,
        "customer_ref": None,
        "tax_id": "DE 123",
        "former_names": "Älteste KG\n旧社名",
        "legal_entity_ref": None,
    }


def test_engagement(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "engagement", "contracts", "K1") == {
        "is_deleted": False,
        "customer_source_id": world.ref("crm", "customers", "C1"),
        "legal_entity_ref": None,
        "opportunity_source_id": world.ref("crm", "opportunities", "O1"),
        "opportunity_amount": Decimal("120000.5000"),
        "closed_won_at": SIGNED_AT.replace(tzinfo=None),
        "name": "Roll-out",
        "currency": "EUR",
        "status": "active",
        "signed_date": date(2026, 2, 2),
        "start_date": date(2026, 2, 15),
        "end_date": date(2026, 12, 20),
        "po_expires_date": date(2026, 11, 30),
        "cap_amount": Decimal("150000.5000"),
    }


def test_contract_lines(mapped):
    world, _ = mapped
    assert (
        mapped_row(mapped, "contract_line", "contract_lines", "L1")
        == {
            "is_deleted": False,
            "engagement_source_id": world.ref("crm", "contracts", "K1"),
            "name": "Build",
            "billing_method": "tm_cap",
            "currency": "EUR",
            "contract_amount": Decimal("100000.1000"),
            "cap_amount": Decimal("110000.2500"),
            "discount_pct": Decimal("2.5000"),
            "rate_card_source_id": world.ref("crm", "rate_cards", "RC1"),
            "billing_calendar_ref": None,
            "passthrough_basis": "cost_plus",
            "passthrough_markup_pct": Decimal("12.0000"),
            "expense_policy": "markup",
            "expense_markup_pct": Decimal("5.0000"),
            "expense_cap_amount": Decimal("9000.0000"),
            "expense_categories": "Hotel;Airfare",
            "is_no_charge": False,
            "revrec_method": "labour_hours",
            "estimate_at_completion_amount": Decimal("70000.0000"),
            "start_date": date(2026, 2, 15),
            "end_date": None,
            "final_invoice_date": None,
        }
        | TERMS
    )
    archived = mapped_row(mapped, "contract_line", "contract_lines", "L2")
    assert (archived["is_deleted"], archived["rate_card_source_id"]) == (True, None)
    assert archived["engagement_source_id"] == world.ref("crm", "contracts", "K1"), "the last one that it had"


def test_rate_cards_and_their_lines(mapped):
    world, _ = mapped
    card = mapped_row(mapped, "rate_card", "rate_cards", "RC2")
    assert (card["scope_type"], card["scope_ref"]) == ("customer", world.ref("crm", "customers", "C1"))
    assert mapped_row(mapped, "rate_card", "rate_cards", "RC1")["scope_ref"] is None, "its line was archived"
    assert mapped_row(mapped, "rate_card_line", "rate_card_lines", "RC1-2") == {
        "is_deleted": False,
        "rate_card_source_id": world.ref("crm", "rate_cards", "RC1"),
        "role": None,
        "resource_ref": "ana@firm.example",
        "hourly_rate": Decimal("220.000000"),
        "valid_from_date": date(2026, 3, 11),
        "valid_to_date": None,
    }


def test_change_order(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "change_order", "change_orders", "CO1") == {
        "is_deleted": False,
        "co_number": "CO-7",
        "engagement_source_id": world.ref("crm", "contracts", "K1"),
        "contract_line_source_id": world.ref("crm", "contract_lines", "L1"),
        "status": "pending",
        "requested_date": date(2026, 3, 20),
        "approved_date": None,
        "effective_date": None,
        "delta_amount": Decimal("2500.7500"),
        "cap_delta_amount": Decimal("1000.0000"),
        "currency": "EUR",
        "expiry_date": date(2026, 6, 30),
    }
    of_an_unknown_line = mapped_row(mapped, "change_order", "change_orders", "CO2")
    assert of_an_unknown_line["engagement_source_id"] == world.ref("crm", "contracts", "K1")
    assert (of_an_unknown_line["contract_line_source_id"], of_an_unknown_line["expiry_date"]) == (None, None)


def test_what_was_agreed_is_canonical_as_it_was_agreed(mapped):
    world, home = mapped
    canonical = {model: table(home, f"canonical.{model}") for model in CANONICAL}

    def of(model: str, fact_id: str) -> dict[str, Any]:
        return canonical[model][str(world.ref("crm", f"{model}s", fact_id))]

    line, bare = of("contract_line", "L1"), of("contract_line", "L2")
    assert {name: line[name] for name in TERMS} == TERMS
    assert {bare[name] for name in TERMS} == {None}
    assert (bare["contract_amount"], bare["revrec_method"]) == (Decimal("5000.0000"), "prepaid_drawdown")
    assert of("rate_card", "RC2")["created_at"] == CARD_ENTERED_AT.replace(tzinfo=None)
    assert of("rate_card", "RC1")["created_at"] == EPOCH.replace(tzinfo=None), "whatever the clock says"
    assert [of("change_order", order)["expiry_date"] for order in ("CO1", "CO2")] == [date(2026, 6, 30), None]
    counts = [len(canonical[model]) for model in CANONICAL]
    assert counts == [2, 2, 2], "without the line and the order that the CRM has no record of"
