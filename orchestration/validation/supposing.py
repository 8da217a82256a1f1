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
    "ledger.ledger__expense_rates",
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


# Tables of which nothing bears on the question.
_NONE: dict[str, str | None] = dict.fromkeys(
    ("canonical.time_entry", "canonical.expense_item", "canonical.supplier_cost", "ledger.ledger__fee_items")
)
# What bears on an entry of time of the contract line ``$line``: its cap counts what the line pays for, and the same work
# that was entered twice is the person's of that day.
TIME_OF_LINE: dict[str, str | None] = {
    **_NONE,
    "canonical.time_entry": """
      select entry.* from canonical.time_entry as entry
      where entry.time_entry_id in (select time_entry_id from ledger.ledger__work where contract_line_id = $line)
        or (entry.resource_id = $resource_id and entry.work_date = cast($work_date as date))
    """,
    **{
        name: f"select * from {name} where contract_line_id = $line"
        for name in ("canonical.supplier_cost", "ledger.ledger__unexplained_billing")
    },
}
# What bears on an expense of it: the cap of expenses counts them alone.
EXPENSES_OF_LINE: dict[str, str | None] = {
    **_NONE,
    "canonical.expense_item": "select * from canonical.expense_item where contract_line_id = $line",
}


def with_new(tables: Mapping[str, str | None], relation: str, records: str) -> dict[str, str | None]:
    """The tables with ``records`` added to ``relation``; columns that they do not name are NULL."""
    return {**tables, relation: f"{tables[relation]} union all by name {records}"}


class Supposition:
    """A session in which tables are as supposed on ``valid_on``.

    The cost of a question is not its rows but its SQL: what the engine plans, and sets up for every column of every step. So
    what is empty is said to be, so that the engine leaves out what would read it, and the last rule is run together with
    what is asked of it, so that it makes no column that nobody asks for.
    """

    def __init__(self, reader: Reader, valid_on: date) -> None:
        self._reader, self._valid_on = reader, valid_on
        self._supposed: dict[str, str] = {}

    def suppose(self, tables: Mapping[str, str | None], parameters: Mapping[str, object]) -> None:
        """Lay tables (``schema.table`` -> the select that stands for it, None for no rows) over the published ones.

        ``$name`` in their SQL is a parameter.
        """
        for relation, sql in tables.items():
            if sql is None:
                self._supposed[relation] = _nothing_of(relation)
                continue
            used = {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", sql)}
            self._create(relation, sql, used)

    def apply(self, rules: tuple[str, ...]) -> None:
        """Run the rules in their order; raises NotAvailableError when the publication does not hold one of them."""
        for rule in rules:
            sql = self._reader.register.rules.get(rule)
            if sql is None:
                raise NotAvailableError(f"the published register holds no rule {rule}; run `leakage run` again")
            if rule == rules[-1]:
                self._supposed[rule] = f"({self._rewritten(sql)})"
            else:
                self._create(rule, self._rewritten(sql), {})

    def relation(self, name: str) -> str:
        """Where to select ``schema.table`` from: as supposed, or as published."""
        return self._supposed.get(name, name)

    def _create(self, relation: str, sql: str, parameters: Mapping[str, object]) -> None:
        table = f'temp.main."{relation}"'
        created = f"create or replace temp table {table} as {sql}"
        (rows,) = self._reader.session.execute(created, dict(parameters)).fetchall()[0]
        self._supposed[relation] = table if rows else _nothing_of(relation)

    def _rewritten(self, sql: str) -> str:
        sql = sql.replace(AS_OF_DATE, f"cast('{self._valid_on.isoformat()}' as date)")
        return re.sub(r"\b(?:canonical|ledger)\.\w+\b", lambda found: self.relation(found.group()), sql)


def _nothing_of(relation: str) -> str:
    return f"(select * from {relation} where false)"
