"""What was recognised: revenue schedules and the positions in the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from ingestion.sandbox.facts.base import Currency, Exact, Fact

Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class RevenueSchedule(Fact):
    """Planned and recognised revenue of one contract line in one month and book."""

    contract_line: str
    period: Month
    method: str = "as_invoiced"
    planned: Exact | None = None
    recognised: Exact = Decimal("0")
    currency: Currency = "USD"
    posted_on: date | None = None
    book: str = "primary"


class ContractBalance(Fact):
    """What the books of a legal entity show for one contract at the end of a month."""

    contract: str
    period: Month
    book: str = "primary"
    contract_asset: Exact = Decimal("0")
    unbilled_receivable: Exact = Decimal("0")
    contract_liability: Exact = Decimal("0")
    loss_provision: Exact = Decimal("0")
    currency: Currency = "USD"


class WipPosting(Fact):
    """Work in progress posted to the ledger (positive) or reversed when it was invoiced (negative)."""

    contract_line: str
    amount: Exact
    currency: Currency = "USD"
    posted_on: date
    item: str | None = Field(None, description="time entry, expense or supplier line that it stands for")
    book: str = "primary"
