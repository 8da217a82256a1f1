"""What the books show of work: project costs and work in progress as journals, balances of contracts as custom records."""

from __future__ import annotations

from datetime import date

from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder


def add_books(builder: Builder) -> None:
    """Costs of projects, work in progress, and the balances at the end of a month."""
    _costs(builder)
    _work_in_progress(builder)
    for balance in builder.living("contract_balances"):
        builder.add(
            "customrecord_contract_balance",
            id=number("contract_balances", balance.id),
            custrecord_cb_crm_contract=builder.system.world.ref("crm", "contracts", balance.contract),
            custrecord_cb_period=builder.period(date.fromisoformat(f"{balance.period}-01")),
            custrecord_cb_book=builder.book(balance.book), custrecord_cb_contract_asset=balance.contract_asset,
            custrecord_cb_unbilled=balance.unbilled_receivable, custrecord_cb_liability=balance.contract_liability,
            custrecord_cb_loss_provision=balance.loss_provision,
            custrecord_cb_currency=builder.currency(balance.currency), isinactive="F",
            created=builder.created(balance), lastmodified=builder.changed(balance),
        )  # fmt: skip


def _costs(builder: Builder) -> None:
    for cost in builder.living("project_costs"):
        own = number("journal", cost.id)
        builder.transaction(
            own, cost, "Journal", cost.posted_on, tranid=f"JE-{cost.id}", status="B",
            currency=builder.currency(cost.currency), foreigntotal=cost.amount,
        )  # fmt: skip
        builder.line(
            own, cost, "cost", uniquekey=number("project_costs", cost.id), accountinglinetype="EXPENSE",
            entity=number("projects", cost.project), foreignamount=cost.amount,
        )  # fmt: skip
        builder.line(
            own, cost, "accrual", accountinglinetype="LIABILITY", foreignamount=-cost.amount, linesequencenumber=1
        )


def _work_in_progress(builder: Builder) -> None:
    """A posting debits work in progress and credits unbilled revenue; a reversal does the opposite."""
    for posting in builder.living("wip_postings"):
        own = number("wip_journal", posting.id)
        contract_line = builder.system.world.ref("crm", "contract_lines", posting.contract_line)
        source_type, source_id = builder.source(*builder.ids.kind_of(posting.item)) if posting.item else (None, None)
        builder.transaction(
            own, posting, "Journal", posting.posted_on, tranid=f"JE-{posting.id}", status="B",
            currency=builder.currency(posting.currency), foreigntotal=abs(posting.amount),
            custbody_journal_purpose="WIP", custbody_accounting_book=builder.book(posting.book),
        )  # fmt: skip
        builder.line(
            own, posting, "wip", uniquekey=number("wip_postings", posting.id), accountinglinetype="ASSET",
            foreignamount=posting.amount, custcol_crm_contract_line=contract_line,
            custcol_wip_source_type=source_type, custcol_wip_source_id=source_id,
        )  # fmt: skip
        builder.line(
            own, posting, "unbilled revenue", accountinglinetype="INCOME", foreignamount=-posting.amount,
            custcol_crm_contract_line=contract_line, linesequencenumber=1,
        )  # fmt: skip
