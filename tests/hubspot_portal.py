"""A firm whose CRM is a HubSpot portal: what the tests of that source and of its stand-in are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import requests

from ingestion import pipelines
from ingestion.sandbox.facts import (
    ChangeOrder,
    Contract,
    ContractLine,
    Customer,
    Facts,
    LegalEntity,
    Opportunity,
    RateCard,
    RateLine,
    Resource,
    StageChange,
)
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.hubspot import System
from ingestion.sandbox.systems.hubspot.access import ACCESS_TOKEN
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SIGNED_AT = datetime(2026, 2, 1, 10, tzinfo=UTC)
CARD_ENTERED_AT = datetime(2026, 3, 17, 8, 30, 5, tzinfo=UTC)
CUSTOMERS = 250
SYSTEMS = {"crm": "hubspot"}


def customers(**changed: dict[str, Any]) -> list[Customer]:
    """C0 to C249, last touched in March unless ``changed`` says otherwise."""
    touched = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Customer(**({"id": f"C{n}", "name": f"Customer {n}", "updated_at": touched} | changed.get(f"C{n}", {})))
        for n in range(CUSTOMERS)
    ]


def firm(**more: Any) -> Facts:
    """One customer with everything: a deal won in a roundabout way, a statement of work, rates and a change order."""
    values: dict[str, Any] = {
        "legal_entities": [LegalEntity(id="LE1")],
        "customers": customers(
            C1={
                "name": "Ørsted 東京 «ПАО»",
                "parent": "C0",
                "country": "DE",
                "currency": "EUR",
                "payment_terms_days": 45,
                "tax_id": "DE 123",
                "former_names": ["Älteste KG", "旧社名"],
            }
        ),
        "opportunities": [
            Opportunity(
                id="O1",
                customer="C1",
                amount="120000.50",
                currency="EUR",
                stages=[
                    StageChange(stage="proposal", at="2026-01-10"),
                    StageChange(stage="closed_won", at=SIGNED_AT),
                    StageChange(stage="negotiation", at="2026-02-03"),
                    StageChange(stage="closed_won", at="2026-02-05"),
                ],
            )
        ],
        "contracts": [
            Contract(
                id="K1",
                customer="C1",
                opportunity="O1",
                legal_entity="LE1",
                name="Roll-out",
                currency="EUR",
                signed_on="2026-02-02",
                starts_on="2026-02-15",
                ends_on="2026-12-20",
                po_expires_on="2026-11-30",
                cap_amount="150000.50",
                updated_at="2026-02-02",
            )
        ],
        "contract_lines": [
            ContractLine(
                id="L1",
                contract="K1",
                name="Build",
                billing_method="tm_cap",
                amount="100000.10",
                cap_amount="110000.25",
                discount_pct="2.5",
                rate_card="RC1",
                passthrough_markup_pct="12",
                expense_policy="markup",
                expense_markup_pct="5",
                expense_cap_amount="9000",
                expense_categories=["Hotel", "Airfare"],
                revrec_method="labour_hours",
                estimate_at_completion="70000",
                starts_on="2026-02-15",
                discount_ends_on="2026-09-30",
                tiers=[{"from_amount": "100000", "discount_pct": "5.50"}, {"discount_pct": "0"}],
                tier_mode="retroactive",
                uplift_pct="3.25",
                uplift_on="2027-01-01",
                uplift_notice_due_on="2026-10-31",
                uplift_notice_on="2026-10-15",
                min_commitment_amount="25000.10",
                min_commitment_period="year",
                retainage_pct="10",
                retainage_release_on="2027-03-31",
                overage_rate="199.125",
                late_fee_pct="8.75",
                estimated_hours="1200.25",
            ),
            ContractLine(
                id="L2",
                contract="K1",
                billing_method="fixed_milestone",
                amount="5500",
                known_as={"crm": {"amount": "5000"}},
                rate_card="PSA-ONLY",
                revrec_method="prepaid_drawdown",
            ),
            ContractLine(id="L3", contract="K1", unknown_to=["crm"]),
        ],
        "resources": [Resource(id="R1", email="Ana@Firm.example")],
        "rate_cards": [
            RateCard(
                id="RC1",
                scope_id="L2",
                currency="EUR",
                lines=[
                    RateLine(role="Consultant", rate="180.125", valid_to="2026-03-11"),
                    RateLine(resource="R1", rate="220", valid_from="2026-03-11"),
                ],
            ),
            RateCard(id="RC2", scope="customer", scope_id="C1", currency="EUR", created_at=CARD_ENTERED_AT),
            RateCard(id="PSA-ONLY", agreed=False, lines=[RateLine(role="Consultant", rate="1")]),
        ],
        "change_orders": [
            ChangeOrder(
                id="CO1",
                contract="K1",
                contract_line="L1",
                number="CO-7",
                status="pending",
                requested_on="2026-03-20",
                amount="2500.75",
                cap_delta="1000",
                currency="EUR",
                expires_on="2026-06-30",
            ),
            ChangeOrder(id="CO2", contract="K1", contract_line="L3", approved_on="2026-03-21", currency="EUR"),
            ChangeOrder(id="CO3", contract="K1", contract_line="L1", unknown_to=["crm"]),
        ],
    }
    return Facts(**(values | more))


def world(**more: Any) -> World:
    return World(firm(**more), NOW, SYSTEMS)


def portal(server: SandboxServer) -> System:
    vendor = server.world.vendors["hubspot"]
    assert isinstance(vendor, System)
    return vendor


def record_id(server: SandboxServer, kind: str, fact_id: str) -> str:
    return portal(server).external_id(kind, fact_id)


def load(*objects: str) -> None:
    """One run of the source, of all objects or the named ones."""
    source = pipelines.source_for("hubspot")
    pipelines.run("hubspot", source.with_resources(*objects) if objects else source)


def rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("set timezone = 'UTC'").execute(sql).fetchall()


def calls(server: SandboxServer, part: str) -> int:
    return sum(part in path for _, path in server.log)


def http(token: str = ACCESS_TOKEN) -> requests.Session:
    """A session with the private app's token."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return session
