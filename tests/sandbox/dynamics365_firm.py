"""The firm that the tests of Dynamics 365 load."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ingestion.sandbox.facts import (
    BilledItem,
    BillingCalendar,
    Contract,
    ContractLine,
    Customer,
    Expense,
    Facts,
    FxRate,
    Invoice,
    InvoiceLine,
    LegalEntity,
    Milestone,
    Payment,
    Project,
    ProjectCost,
    Resource,
    RevenueSchedule,
    TimeEntry,
)


def firm() -> Facts:
    """12 invoices of 10 time entries each in two companies, and one of everything else that a ledger holds."""
    entries = [
        TimeEntry(id=f"T{n:03}", project="P-1", resource="R-1", work_date=date(2026, 3, 2), hours=Decimal(8))
        for n in range(121)
    ]
    invoices = [
        Invoice(
            id=f"INV-{n:02}", customer="C-1", legal_entity="LE-US" if n % 2 else "LE-DE", issued_on=date(2026, 4, 1),
            posted_on=date(2026, 4, 7), tax_amount=Decimal("160.00"),
            lines=[
                InvoiceLine(
                    id=f"L{n:02}-{m}", contract_line="CL-1", project="P-1", resource="R-1", quantity=Decimal(8),
                    unit_price=Decimal("200.5"), items=[BilledItem(item=f"T{n * 10 + m:03}")],
                )
                for m in range(10)
            ],
        )
        for n in range(12)
    ]  # fmt: skip
    memo = InvoiceLine(id="CM-L", amount=Decimal(-1604), unit_price=Decimal("200.5"), items=[BilledItem(item="T000")])
    mixed = InvoiceLine(
        id="MIX-L",
        amount=Decimal(940),
        items=[
            BilledItem(item="X-1", amount=Decimal(440)),
            BilledItem(item="M-1", customer="C-2", amount=Decimal(400)),
            BilledItem(item="T120", amount=Decimal(100), quantity=Decimal("0.5")),
        ],
    )
    fee = InvoiceLine(id="FEE-L", contract_line="CL-1", project="P-1", amount=Decimal("99999999.99"))
    invoices += [
        Invoice(
            id="CM-1", kind="credit_memo", customer="C-1", legal_entity="LE-DE", issued_on=date(2026, 4, 9),
            original_invoice="INV-00", reason="error", lines=[memo],
        ),
        Invoice(id="DRAFT", customer="C-1", issued_on=date(2026, 4, 9), status="draft", lines=[mixed]),
        Invoice(id="VOID", customer="C-1", issued_on=date(2026, 4, 9), status="voided"),
        Invoice(id="FREE", customer="C-2", issued_on=date(2026, 4, 10), lines=[fee]),
    ]  # fmt: skip
    return Facts(
        legal_entities=[
            LegalEntity(id="LE-US", name="Firm Inc."),
            LegalEntity(id="LE-DE", name="Firma GmbH", currency="EUR", country="DE"),
        ],
        customers=[
            Customer(id="C-1", name="株式会社アクメ"),
            Customer(id="C-2", name="Ünïon Æ", parent="C-1", country="DE", tax_id="DE 123 456"),
        ],
        contracts=[Contract(id="K-1", customer="C-1", legal_entity="LE-DE")],
        contract_lines=[ContractLine(id="CL-1", contract="K-1")],
        projects=[Project(id="P-1", name="Alpha", customer="C-1", contract_line="CL-1")],
        resources=[Resource(id="R-1", email="Ann@firm.example")],
        time_entries=entries,
        expenses=[Expense(id="X-1", resource="R-1", spent_on=date(2026, 3, 3), amount=Decimal(400))],
        milestones=[
            Milestone(
                id="M-1", contract_line="CL-1", amount=Decimal(1000), shares={"C-1": Decimal(60), "C-2": Decimal(40)}
            )
        ],
        billing_calendars=[BillingCalendar(id="BC-1", cutoff_day=25)],
        fx_rates=[
            FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("1.08")),
            FxRate(from_currency="JPY", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("0.0067125")),
        ],
        invoices=invoices,
        payments=[Payment(id="PAY-1", invoice="INV-01", amount=Decimal(16200), paid_on=date(2026, 4, 20))],
        revenue_schedules=[
            RevenueSchedule(id="RS-1", contract_line="CL-1", period="2026-03", planned=Decimal(100), recognised=Decimal(90)),
        ],
        project_costs=[
            ProjectCost(id="PC-1", project="P-1", amount=Decimal("77.5"), posted_on=date(2026, 3, 31)),
            ProjectCost(id="PC-0", project="P-1", amount=Decimal("12.5"), posted_on=date(2025, 1, 31)),
        ],
    )  # fmt: skip
