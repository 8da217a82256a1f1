"""Revenue per contract line and month: planned by forecast plans, recognised by actual plans."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import RevenueSchedule
from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder

METHODS = {
    "as_invoiced": "CHARGE_BASED",
    "cost_to_cost": "PERCENT_COMPLETE_COST",
    "labour_hours": "PERCENT_COMPLETE_HOURS",
    "milestone_output": "MILESTONE_EVENT",
    "straight_line": "STRAIGHT_LINE",
    "point_in_time": "POINT_IN_TIME",
    "prepaid_drawdown": "PREPAID_DRAWDOWN",
}


def add_revenue(builder: Builder) -> None:
    """Elements, their forecast and actual plans, and one planned-revenue row per month of a plan.

    An element and a plan change when any of their months does: deleting a month touches its plan.
    """
    elements: dict[int, dict[str, Any]] = {}
    plans: dict[int, dict[str, Any]] = {}
    for schedule in builder.system.facts("revenue_schedules"):
        changed = builder.changed(schedule)
        element, _ = builder.ids.revenue[schedule.id]
        if element not in elements:
            line = builder.system.world.ref("crm", "contract_lines", schedule.contract_line)
            currency = builder.currency(schedule.currency)
            elements[element] = {"id": element, "currency": currency, "custrecord_crm_contract_line": line}
        _touch(elements[element], changed)
        for kind, amount in (("FORECAST", schedule.planned), ("ACTUAL", schedule.recognised)):
            plan = _plan(plans, element, kind, schedule, builder.book(schedule.book))
            _touch(plan, changed)
            if amount is not None and not builder.is_gone(schedule):
                plan["amount"] += amount
                _planned_revenue(builder, plan, schedule, amount, changed)
    for table, rows in (("revenueelement", elements), ("revenueplan", plans)):
        for row in rows.values():
            builder.add(table, **row)


def _touch(row: dict[str, Any], changed: datetime) -> None:
    row["lastmodifieddate"] = max(row.get("lastmodifieddate", changed), changed)


def _plan(
    plans: dict[int, dict[str, Any]], element: int, kind: str, schedule: RevenueSchedule, book: int
) -> dict[str, Any]:
    own = number("revenueplan", str(element), kind)
    if own not in plans:
        method = METHODS.get(schedule.method, schedule.method.upper())
        plans[own] = {"id": own, "createdfrom": element, "revenueplantype": kind, "accountingbook": book}
        plans[own] |= {"recognitionmethod": method, "amount": Decimal(0)}
    return plans[own]


def _planned_revenue(
    builder: Builder, plan: dict[str, Any], schedule: RevenueSchedule, amount: Decimal, changed: datetime
) -> None:
    kind = plan["revenueplantype"]
    posted = kind == "ACTUAL" and bool(amount or schedule.posted_on)
    period = builder.period(date.fromisoformat(f"{schedule.period}-01"))
    builder.add(
        "revenueplanplannedrevenue",
        id=number("plannedrevenue", schedule.id, kind),
        revenueplan=plan["id"],
        plannedperiod=period,
        postingperiod=period if posted else None,
        amount=amount,
        isrecognized="T" if posted else "F",
        dateexecuted=schedule.posted_on if kind == "ACTUAL" else None,
        lastmodifieddate=changed,
    )
