"""What the ledger would say if a record were booked: the record laid over the published tables, and the ledger's own SQL.

Each relation that a supposition changes becomes a temporary table of the question's session; each rule that stands on it is
run again, in the order given here, on those and on the published tables for all the rest. Only what bears on the contract
line is taken over, so that the cost does not grow with the firm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from orchestration.publish import AS_OF_DATE
from orchestration.validation.snapshot import NotAvailableError, Reader

# The id of the record that is supposed: behind all others, so that of equals it comes last.
NEW = "~new"

RATE_RULES = ("ledger.ledger__work", "ledger.ledger__time_rates")
EXPENSE_RULES = (
    "ledger.ledger__billable_items",
    "ledger.ledger__item_billing",
    "ledger.ledger__caps",
    "ledger.ledger__open_items",
)
TIME_RULES = (
    *RATE_RULES,
    "ledger.ledger__repeated_entries",
    "ledger.ledger__retainer_draws",
    "ledger.ledger__time_values",
    *EXPENSE_RULES,
)
PROJECT_RULES = ("ledger.ledger__duplicate_projects",)


_NONE = {
    name: f"select * from {name} where false"
    for name in (
        "canonical.time_entry",
        "canonical.expense_item",
        "canonical.supplier_cost",
        "ledger.ledger__fee_items",
    )
}
# What bears on an entry of time of the contract line ``$line``: its cap counts what the line pays for, and the same work
# that was entered twice is the person's of that day.
TIME_OF_LINE = _NONE | {
    "canonical.time_entry": """
      select entry.* from canonical.time_entry as entry
      where entry.time_entry_id in (select time_entry_id from ledger.ledger__work where contract_line_id = $line)
        or (entry.resource_id = $resource_id and entry.work_date = cast($work_date as date))
    """,
    "canonical.supplier_cost": "select * from canonical.supplier_cost where contract_line_id = $line",
}
# What bears on an expense of it: the cap of expenses counts them alone.
EXPENSES_OF_LINE = _NONE | {
    "canonical.expense_item": "select * from canonical.expense_item where contract_line_id = $line"
}


def with_new(tables: Mapping[str, str], relation: str, records: str) -> dict[str, str]:
    """The tables with ``records`` added to ``relation``; columns that they do not name are NULL."""
    return {**tables, relation: f"{tables[relation]} union all by name {records}"}


class Supposition:
    """A session in which ``tables`` (``schema.table`` -> the select that stands for it) are as supposed on ``valid_on``."""

    def __init__(self, reader: Reader, valid_on: date) -> None:
        self._reader, self._valid_on = reader, valid_on
        self._supposed: dict[str, str] = {}

    def suppose(self, tables: Mapping[str, str], parameters: Mapping[str, object]) -> None:
        """Lay the tables over the published ones; ``$name`` in their SQL is a parameter."""
        for relation, sql in tables.items():
            used = {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", sql)}
            self._create(relation, sql, used)

    def apply(self, rules: tuple[str, ...]) -> None:
        """Run the rules in their order; raises NotAvailableError when the publication does not hold one of them."""
        for rule in rules:
            sql = self._reader.register.rules.get(rule)
            if sql is None:
                raise NotAvailableError(f"the published register holds no rule {rule}; run `leakage run` again")
            self._create(rule, self._rewritten(sql), {})

    def relation(self, name: str) -> str:
        """Where to select ``schema.table`` from: as supposed, or as published."""
        return self._supposed.get(name, name)

    def _create(self, relation: str, sql: str, parameters: Mapping[str, object]) -> None:
        table = f'temp.main."{relation}"'
        self._reader.session.execute(f"create or replace temp table {table} as {sql}", dict(parameters))
        self._supposed[relation] = table

    def _rewritten(self, sql: str) -> str:
        sql = sql.replace(AS_OF_DATE, f"cast('{self._valid_on.isoformat()}' as date)")
        return re.sub(r"\b(?:canonical|ledger)\.\w+\b", lambda found: self.relation(found.group()), sql)
