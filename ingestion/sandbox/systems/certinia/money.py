"""In which currency a project is, and how a milestone's amount is shared out in it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from ingestion.sandbox.facts import Facts, Milestone, Project
from ingestion.sandbox.systems.salesforce.values import number

ORGANIZATION_CURRENCY = "USD"
# Decimal places as the org's currencies have them; two for all others.
_PLACES = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}


class Currencies:
    """The currency of every project: its contract line's (the surviving project's, if merged), contract's or customer's."""

    def __init__(self, facts: Facts) -> None:
        self._lines = {line.id: line for line in facts.contract_lines}
        self._contracts = {contract.id: contract for contract in facts.contracts}
        self._customers = {customer.id: customer for customer in facts.customers}
        self._projects = {project.id: project for project in facts.projects}

    def of(self, project_id: str | None, line_id: str | None = None) -> str:
        """The currency of a project, or of the contract line that its record names itself."""
        project = self._projects.get(project_id or "")
        line = self._lines.get(line_id or self._line_of(project) or "")
        contract = self._contracts.get(line.contract) if line else None
        customer = self._customers.get(project.customer) if project and project.customer else None
        owners = (owner.currency for owner in (line, contract, customer) if owner is not None and owner.currency)
        return next(owners, ORGANIZATION_CURRENCY)

    def _line_of(self, project: Project | None) -> str | None:
        if project is None or project.contract_line or project.merged_into is None:
            return project.contract_line if project else None
        survivor = self._projects.get(project.merged_into)
        return survivor.contract_line if survivor else None


def shares(milestone: Milestone, currency: str) -> list[tuple[str, str | None, Decimal]]:
    """(fact id, customer, amount) of each milestone record; the last share takes what rounding leaves."""
    if not milestone.shares:
        return [(milestone.id, None, milestone.amount)]
    unit = Decimal(1).scaleb(-_PLACES.get(currency, 2))
    amounts = [(milestone.amount * p / 100).quantize(unit, ROUND_HALF_UP) for p in milestone.shares.values()]
    if sum(milestone.shares.values()) == 100:
        amounts[-1] += milestone.amount.quantize(unit, ROUND_HALF_UP) - sum(amounts)
    return [(f"{milestone.id}/{c}", c, a) for c, a in zip(milestone.shares, amounts, strict=True)]


def rate(value: Decimal | None) -> Decimal | None:
    """A rate as a currency field of four decimals holds it."""
    return None if value is None else number(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))
