"""The generated firm through other systems, a personnel system among them, whose records come in another order."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.conftest import BuiltFirm, served

pytestmark = [pytest.mark.matrix, pytest.mark.xdist_group("other systems")]

SYSTEMS = "crm=hubspot,psa=certinia,erp=dynamics365,hr=workday,expense=concur,procurement=coupa"


def shuffled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # The same order at every call: pages that shift while they are read are another test's business.
    return random.Random(7).sample(rows, len(rows))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltFirm]:
    with served(tmp_path_factory.mktemp("other"), systems=SYSTEMS) as firm:
        for vendor in firm.world.vendors.values():
            vendor.arrange = shuffled
        firm.run()
        yield firm


def test_findings_equal_the_answer_key(other: BuiltFirm) -> None:
    other.assert_key_is_found()


def test_every_contract_line_is_conserved(other: BuiltFirm) -> None:
    lines, residual = other.query("select count(*), sum(abs(residual_amount)) from ledger.ledger__contract_lines")[0]
    assert lines > 10
    assert residual == Decimal(0)


def test_available_hours_are_those_of_calendars_holidays_and_leave(other: BuiltFirm) -> None:
    facts = other.world.facts
    calendars = {calendar.id: calendar for calendar in facts.work_calendars}
    away: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for leave in facts.leaves:
        if leave.status == "approved":
            away[leave.resource, leave.leave_date] += leave.hours
    begins = min(entry.work_date for entry in facts.time_entries).replace(day=1)
    days = [begins + timedelta(days=n) for n in range((other.as_of - begins).days + 1)]
    expected: dict[date, Decimal] = defaultdict(Decimal)
    for person in facts.resources:
        if person.work_calendar is None:
            continue
        calendar = calendars[person.work_calendar]
        off = {holiday.holiday_date for holiday in calendar.holidays}
        for day in days:
            employed = (person.hired_on or begins) <= day <= (person.terminated_on or other.as_of)
            if employed and day.weekday() < 5 and day not in off:
                hours = calendar.hours_per_day - min(calendar.hours_per_day, away[person.id, day])
                expected[day.replace(day=1)] += hours
    found = other.query("select work_month, sum(available_hours) from marts.finance__utilisation group by work_month")
    assert {month: hours for month, hours in found if hours} == expected
    assert away, "nobody is ever away"


def test_billable_hours_are_those_of_the_time_entries(other: BuiltFirm) -> None:
    facts = other.world.facts
    kinds = {project.id: project.kind for project in facts.projects}
    expected: dict[date, Decimal] = defaultdict(Decimal)
    for entry in facts.time_entries:
        if kinds.get(entry.project or "") == "billable" and entry.is_billable and entry.status != "rejected":
            hours = entry.hours if entry.billable_hours is None else entry.billable_hours
            expected[entry.work_date.replace(day=1)] += hours
    found = other.query(
        "select work_month, sum(coalesce(billable_hours, 0) + coalesce(unmeasured_billable_hours, 0))"
        " from marts.finance__utilisation group by work_month"
    )
    assert {month: hours for month, hours in found if hours} == expected
