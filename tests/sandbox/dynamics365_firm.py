"""The firm that the tests of Dynamics 365 load."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from ingestion.sandbox.facts import (
    BilledItem,
    BillingCalendar,
    ChangeOrder,
    Contract,
    ContractBalance,
    ContractLine,
    Customer,
    Dispute,
    Expense,
    Facts,
    FxRate,
    Invoice,
    InvoiceLine,
    LegalEntity,
    Milestone,
    Payment,
    ProgressReport,
    Project,
    ProjectCost,
    Resource,
    RevenueSchedule,
    SyncEvent,
    TimeEntry,
    WipPosting,
    WriteOff,
)

SIGNED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def firm() -> Facts:
    """12 invoices of 10 time entries each in two companies, and a little of everything else that a ledger holds."""
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
    fee = InvoiceLine(id="FEE-L", contract_line="CL-1", project="P-1", amount=Decimal("99999999.99"), kind="late_fee")
    terms = [
        InvoiceLine(id="PR-L", contract_line="CL-1", amount=Decimal(5000), items=[BilledItem(item="PR-1")]),
        InvoiceLine(id="RET-L", contract_line="CL-1", amount=Decimal(-500), kind="retainage"),
    ]
    kinds = ("retainage_release", "true_up", "retainer")
    typed = [InvoiceLine(id=f"{kind}-L", contract_line="CL-2", amount=Decimal("7.1234"), kind=kind) for kind in kinds]
    invoices += [
        Invoice(
            id="CM-1", kind="credit_memo", customer="C-1", legal_entity="LE-DE", issued_on=date(2026, 4, 9),
            original_invoice="INV-00", reason="error", lines=[memo],
        ),
        Invoice(id="DRAFT", customer="C-1", issued_on=date(2026, 4, 9), status="draft", lines=[mixed]),
        Invoice(id="VOID", customer="C-1", issued_on=date(2026, 4, 9), status="voided"),
        Invoice(id="FREE", customer="C-2", issued_on=date(2026, 4, 10), lines=[fee], awaits_sending=True),
        Invoice(
            id="TERMS", customer="C-1", legal_entity="LE-US", issued_on=date(2026, 4, 11), lines=terms,
            rejected_on=date(2026, 4, 15), rejection_reason="po_exhausted", awaits_sending=True,
        ),
        Invoice(
            id="TYPED", customer="C-2", issued_on=date(2026, 4, 12), lines=typed, rejected_on=date(2026, 4, 16),
            rejection_reason="tax_id_invalid",
        ),
    ]  # fmt: skip
    return Facts(
        legal_entities=[
            LegalEntity(id="LE-US", name="Firm Inc."),
            LegalEntity(id="LE-DE", name="Firma GmbH", currency="EUR", country="DE"),
        ],
        customers=[
            Customer(id="C-1", name="株式会社アクメ"),
            Customer(id="C-2", name="Ünïon Æ", parent="C-1", country="DE", tax_id="DE 123 456", represents="LE-DE"),
        ],
        contracts=[Contract(id="K-1", customer="C-1", legal_entity="LE-DE")],
        contract_lines=[
            ContractLine(
                id="CL-1", contract="K-1", amount=Decimal("100000.01"), created_at=datetime(2026, 1, 2, tzinfo=UTC),
                known_as={"erp": {"amount": Decimal("90000.0001"), "created_at": SIGNED, "currency": "EUR"}},
            ),
            ContractLine(id="CL-2", contract="K-1", amount=Decimal(5), unknown_to=["erp"]),
            ContractLine(id="CL-3", contract="K-1"),
        ],
        change_orders=[
            ChangeOrder(
                id="CO-1", contract="K-1", contract_line="CL-1", amount=Decimal("2500.55"), cap_delta=Decimal("0.01"),
                approved_on=date(2026, 2, 2), known_as={"erp": {"amount": Decimal(2500), "created_at": SIGNED}},
            ),
            ChangeOrder(id="CO-2", contract="K-1", status="pending", amount=Decimal(1)),
            ChangeOrder(id="CO-3", contract="K-1", unknown_to=["erp"], amount=Decimal(1)),
            ChangeOrder(id="CO-4", contract="K-1", amount=Decimal(-10), currency="EUR"),
        ],
        projects=[Project(id="P-1", name="Alpha", customer="C-1", contract_line="CL-1")],
        resources=[Resource(id="R-1", email="Ann@firm.example")],
        time_entries=entries,
        expenses=[Expense(id="X-1", resource="R-1", spent_on=date(2026, 3, 3), amount=Decimal(400))],
        milestones=[
            Milestone(
                id="M-1", contract_line="CL-1", amount=Decimal(1000), shares={"C-1": Decimal(60), "C-2": Decimal(40)}
            )
        ],
        progress_reports=[
            ProgressReport(
                id="PR-1", contract_line="CL-1", reported_on=date(2026, 3, 31), completed_pct=Decimal("12.5")
            )
        ],
        billing_calendars=[BillingCalendar(id="BC-1", cutoff_day=25)],
        fx_rates=[
            FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("1.08")),
            FxRate(from_currency="JPY", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("0.0067125")),
        ],
        invoices=invoices,
        payments=[
            Payment(id="PAY-1", invoice="INV-01", amount=Decimal(16200), paid_on=date(2026, 4, 20)),
            Payment(
                id="PAY-W", invoice="TERMS", amount=Decimal("4000.5"), paid_on=date(2026, 4, 21),
                withholding_tax=Decimal("450.0001"), deduction=Decimal("49.49"), deduction_reason="bank_charges",
            ),
        ],
        disputes=[
            Dispute(
                id="D-1", invoice="TERMS", line="PR-L", amount=Decimal("1000.10"), reason="quality",
                opened_on=date(2026, 4, 16),
            ),
            Dispute(id="D-2", invoice="FREE", line="FEE-L", amount=Decimal(3), opened_on=date(2026, 4, 17)),
            Dispute(
                id="D-3", invoice="INV-01", amount=Decimal(20), opened_on=date(2026, 4, 18),
                resolved_on=date(2026, 4, 24),
            ),
        ],
        write_offs=[
            WriteOff(
                id="WO-1", invoice="INV-03", amount=Decimal("160.0001"), written_off_on=date(2026, 4, 22),
                reason="goodwill", approver="ann@firm.example", approver_role="partner",
            ),
            WriteOff(id="WO-2", invoice="FREE", amount=Decimal(1), written_off_on=date(2026, 4, 23)),
        ],
        sync_events=[
            SyncEvent(
                id="SE-1", record_type="change_order", record="CO-3", from_domain="crm", to_domain="erp", attempt=3,
                status="failed", error="missing_reference", occurred_at=datetime(2026, 2, 3, 10, 5, tzinfo=UTC),
            ),
            *(
                SyncEvent(
                    id=f"SE-{kind}", record_type=kind, record=record, from_domain=origin, to_domain=target,
                    status="in_doubt", error="timeout", is_transient=True, occurred_at=datetime(2026, 2, 4, tzinfo=UTC),
                )
                for kind, record, origin, target in (
                    ("customer", "C-1", "crm", "erp"), ("project", "P-1", "psa", "erp"),
                    ("contract_line", "CL-2", "crm", "erp"), ("time_entry", "T000", "psa", "erp"),
                    ("expense", "X-1", "expense", "erp"), ("invoice", "FREE", "erp", "crm"),
                    ("payment", "PAY-1", "erp", "crm"),
                )
            ),
        ],
        contract_balances=[
            ContractBalance(
                id="CB-1", contract="K-1", period="2026-03", contract_asset=Decimal("11.01"),
                unbilled_receivable=Decimal("22.02"), contract_liability=Decimal("33.03"),
                loss_provision=Decimal("44.0404"), currency="EUR",
            ),
            ContractBalance(id="CB-2", contract="K-1", period="2026-03", book="ifrs"),
        ],
        wip_postings=[
            WipPosting(id="WP-1", contract_line="CL-1", amount=Decimal("1604.0001"), posted_on=date(2026, 3, 31), item="T120"),
            WipPosting(id="WP-2", contract_line="CL-1", amount=Decimal(-400), posted_on=date(2026, 4, 1), item="X-1"),
            WipPosting(id="WP-3", contract_line="CL-3", amount=Decimal(5), posted_on=date(2026, 4, 2), book="ifrs"),
        ],
        revenue_schedules=[
            RevenueSchedule(id="RS-1", contract_line="CL-1", period="2026-03", planned=Decimal(100), recognised=Decimal(90)),
        ],
        project_costs=[
            ProjectCost(id="PC-1", project="P-1", amount=Decimal("77.5"), posted_on=date(2026, 3, 31)),
            ProjectCost(id="PC-0", project="P-1", amount=Decimal("12.5"), posted_on=date(2025, 1, 31)),
        ],
    )  # fmt: skip
