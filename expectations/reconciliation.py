"""Financial reconciliation: control totals from raw to canonical to ledger, per period and currency, to the cent.

Each step compares two sides that were computed independently of each other: what a system's raw records say, what the
canonical tables hold, what the ledger accounts for. A total that differs, and a record that is on one side only, fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from expectations.engine import Suite
from expectations.records import Records, month

# Raw control -> the domain whose system has it.
RAW_CONTROLS = {
    "contract_value": "crm",
    "time_hours": "psa",
    "milestone_value": "psa",
    "posted_invoices": "erp",
    "payments": "erp",
    "recognised_revenue": "erp",
    "expenses": "expense",
    "supplier_costs": "procurement",
    "leave_hours": "hr",
    "bank_movements": "bank",
}


@dataclass(frozen=True)
class Step:
    """One comparison: two queries of (period, unit, records, total), named by the layers that they read."""

    title: str
    left: tuple[str, str]
    right: tuple[str, str]


def control_suites(
    systems: Mapping[str, str], known_at: datetime | None = None, today: date | None = None
) -> dict[str, Suite]:
    """The suites by control; ``systems`` maps a domain to its system. A domain without a system has no controls."""
    steps: dict[str, Step] = {}
    for control, domain in RAW_CONTROLS.items():
        if system := systems.get(domain):
            raw = import_module(f"expectations.controls.{system}").controls(Records(system, known_at))[control]
            title = f"{control.replace('_', ' ')} of {system}: raw and canonical agree per period and unit"
            steps[f"{control}_in_canonical"] = Step(
                title, ("raw", raw), ("canonical", _CANONICAL[control].format(system=system))
            )
    if systems:
        as_of = _as_of(today or datetime.now(UTC).date())
        steps |= {name: Step(title, left, right) for name, (title, left, right) in _ledger_steps(as_of).items()}
    return {name: _suite(name, step) for name, step in steps.items()}


def _suite(name: str, step: Step) -> Suite:
    """A full outer join of both sides in which every row that differs says so in a sentence."""
    (left_layer, left), (right_layer, right) = step.left, step.right
    query = f"""select * from (
with left_side as ({left}), right_side as ({right}),
compared as (
  select
    coalesce(left_side.period, right_side.period) as period,
    coalesce(left_side.unit, right_side.unit) as unit,
    coalesce(left_side.records, 0) as left_records,
    coalesce(right_side.records, 0) as right_records,
    cast(coalesce(left_side.total, 0) as decimal(28, 4)) as left_total,
    cast(coalesce(right_side.total, 0) as decimal(28, 4)) as right_total
  from left_side
  full outer join right_side on left_side.period = right_side.period and left_side.unit = right_side.unit
)
select
  period, unit, left_records, right_records, left_total, right_total,
  case
    when left_records <> right_records or left_total <> right_total
      then period || ' ' || unit || ': {left_layer} ' || left_total || ' in ' || left_records
        || ' records, {right_layer} ' || right_total || ' in ' || right_records
  end as difference
from compared
) as differences"""

    def expectations(gxe: Any) -> Sequence[Any]:
        return [gxe.ExpectColumnValuesToBeNull(column="difference", description=step.title)]

    return Suite(f"reconciliation.{name}", query, expectations, step.title)


def _as_of(today: date) -> str:
    """The business date that the ledger was built for; today when it is empty, so that emptiness is a difference."""
    return f"coalesce((select max(as_of_date) from ledger.ledger__items), cast('{today.isoformat()}' as date))"


def _totals(table: str, period: str, unit: str, total: str, where: str, records: str = "count(*)") -> str:
    return (
        f"select {period} as period, coalesce({unit}, 'no currency') as unit, {records} as records, "
        f"sum({total}) as total from {table} where {where} group by 1, 2"
    )


_OF_SYSTEM = "not is_deleted and source_system = '{system}'"
_CANONICAL = {
    "contract_value": _totals("canonical.contract_line", "'all'", "currency", "contract_amount", _OF_SYSTEM),
    "time_hours": _totals("canonical.time_entry", month("work_date"), "'hours'", "hours", _OF_SYSTEM),
    "milestone_value": _totals("canonical.milestone", month("due_date"), "currency", "amount", _OF_SYSTEM),
    "posted_invoices": _totals(
        "canonical.invoice_line inner join (select invoice_id, posted_date from canonical.invoice "
        "where status = 'posted' and not is_deleted) as posted using (invoice_id)",
        month("posted_date"),
        "currency",
        "net_amount",
        _OF_SYSTEM,
    ),
    # What the bank adds to the payments is no payment of the ledger.
    "payments": _totals(
        "canonical.payment", month("payment_date"), "currency", "amount", _OF_SYSTEM + " and match_method = 'ledger'"
    ),
    "recognised_revenue": _totals(
        "canonical.revenue_schedule", month("period_start_date"), "currency", "recognised_amount", _OF_SYSTEM
    ),
    "expenses": _totals(
        "canonical.expense_item",
        month("expense_date"),
        "currency || case when status = 'approved' then ' approved' else ' open' end",
        "amount",
        _OF_SYSTEM,
        # A system may split one expense over several projects; reports stay whole.
        records="count(distinct report_source_id)",
    ),
    "leave_hours": _totals("canonical.leave", month("leave_date"), "'hours'", "hours", _OF_SYSTEM),
    "supplier_costs": _totals(
        "canonical.supplier_cost",
        "'all'",
        "currency || ' ' || document_type",
        "net_amount",
        _OF_SYSTEM + " and document_type <> 'purchase_order'",
        # One line may be split over several projects; documents stay whole.
        records="count(distinct document_source_id)",
    ),
    "bank_movements": _totals("canonical.bank_transaction", month("booking_date"), "currency", "amount", _OF_SYSTEM),
}


def _ledger_steps(as_of: str) -> dict[str, tuple[str, tuple[str, str], tuple[str, str]]]:
    """Every billable record is one ledger item, and every posted cent is allocated or explained as not allocated."""
    steps = {
        "time_in_ledger": (
            "billable hours: canonical and ledger agree per month",
            _totals(
                "canonical.time_entry",
                month("work_date"),
                "'hours'",
                "billable_hours",
                f"not is_deleted and work_date <= {as_of}",
            ),
            _totals("ledger.ledger__items", month("service_date"), "'hours'", "quantity", "item_type = 'time_entry'"),
        ),
        "expenses_in_ledger": (
            "expense items: each is in the ledger once, per month and currency",
            _totals(
                "canonical.expense_item",
                month("expense_date"),
                "currency",
                "amount",
                f"not is_deleted and expense_date <= {as_of}",
            ),
            _items_of("expense_item", "expense_date", "amount"),
        ),
        "supplier_costs_in_ledger": (
            "supplier costs: each is in the ledger once, per currency",
            _totals(
                "canonical.supplier_cost",
                "'all'",
                "currency",
                "net_amount",
                "not is_deleted and document_type <> 'purchase_order'",
            ),
            _items_of("supplier_cost", None, "net_amount"),
        ),
        "milestones_in_ledger": (
            "milestones: each is in the ledger once, per month and currency",
            _totals(
                "canonical.milestone",
                month("due_date"),
                "currency",
                "amount",
                "not is_deleted and (amount is null or amount <> 0)",
            ),
            _items_of("milestone", "due_date", "amount"),
        ),
        "invoices_in_ledger": (
            "posted invoice lines of work: allocated plus unexplained gives the net amount, per month and currency",
            _totals(
                "canonical.invoice_line inner join (select invoice_id, posted_date from canonical.invoice "
                "where status = 'posted' and not is_deleted and intercompany_legal_entity_id is null) as posted"
                " using (invoice_id)",
                month("posted_date"),
                "currency",
                "net_amount",
                # Prepaid hours and interest bill no work, nor does what companies of the firm charge each other.
                f"not is_deleted and net_amount <> 0 and posted_date <= {as_of} and line_type not in ('retainer', 'late_fee')",
            ),
            _totals(
                "(select invoice_line_id, any_value(posted_date) as posted_date, any_value(currency) as currency, "
                "sum(amount) as amount from ("
                "select invoice_line_id, posted_date, currency, amount from ledger.ledger__billing_allocations "
                "union all select invoice_line_id, posted_date, currency, unexplained_amount "
                "from ledger.ledger__unexplained_billing"
                ") group by invoice_line_id)",
                month("posted_date"),
                "currency",
                "amount",
                "amount <> 0",
            ),
        ),
    }
    return {name: (title, ("canonical", left), ("ledger", right)) for name, (title, left, right) in steps.items()}


def _items_of(entity: str, date_column: str | None, amount: str) -> str:
    """The ledger's items of one type, valued as their canonical records are."""
    return _totals(
        f"ledger.ledger__items as item left join canonical.{entity} as record on item.item_id = record.{entity}_id",
        month(f"record.{date_column}") if date_column else "'all'",
        "record.currency",
        f"record.{amount}",
        f"item.item_type = '{entity}'",
    )
