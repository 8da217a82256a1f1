"""What only the personnel department knows: organisation, employment, holidays and leave.

All chance here is its own (streams named ``hr``): nothing of it moves what people work, bill or forget. People of this
firm do not rest on public holidays when a customer pays for the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import Leave, OrgUnit, WorkCalendar
from ingestion.sandbox.firm.basics import DAY, add_business_days, add_months, at, business_days
from ingestion.sandbox.firm.model import Book, Record
from ingestion.sandbox.firm.setup import ENTITIES, hire

HOURS_PER_DAY = {"USD": Decimal(8), "EUR": Decimal(8), "GBP": Decimal("7.5")}
# Month and day of the public holidays of each company's country that fall on the same date every year.
HOLIDAYS = {
    "USD": ((1, 1, "New Year's Day"), (6, 19, "Juneteenth"), (7, 4, "Independence Day"), (12, 25, "Christmas Day")),
    "EUR": (
        (1, 1, "Neujahr"),
        (5, 1, "Tag der Arbeit"),
        (10, 3, "Tag der Deutschen Einheit"),
        (12, 25, "1. Weihnachtstag"),
    ),
    "GBP": ((1, 1, "New Year's Day"), (12, 25, "Christmas Day"), (12, 26, "Boxing Day")),
}
LEADERS = ("Principal", "Manager", "Project Manager")
TOP, REGION, COST_CENTERS = "OU-FIRM", "OU-REG", "OU-CC"
FORMER_EMPLOYEES = 2
"""Per company: people who had left before the simulated time began."""


def employ(book: Book) -> None:
    """Give everybody an employment, a place in the organisation and a calendar, and record who was absent when."""
    for currency, (entity, _, _, _) in ENTITIES.items():
        for n in range(1, FORMER_EMPLOYEES + 1):
            hire(book, f"F-{entity}-{n}", "Consultant", currency, "employee")
    people: dict[str, list[Record]] = {entity: [] for entity, *_ in ENTITIES.values()}
    for person in book.records["resources"]:
        people[person.values["legal_entity"]].append(person)
    opened = at(add_months(book.starts_on, -12), 10)
    head = _leader([p for group in people.values() for p in group])
    book.add("org_units", OrgUnit, opened, id=TOP, name="Northlight", code="NL", manager=head.values["id"])
    for kind, key, name in (("region", REGION, "Worldwide"), ("cost_center", COST_CENTERS, "Delivery")):
        book.add("org_units", OrgUnit, opened, id=key, name=name, code=key.removeprefix("OU-"), type=kind)
    for currency, (entity, _, country, _) in ENTITIES.items():
        leader = _leader(people[entity])
        _organise(book, entity, country, leader, opened)
        _open_calendar(book, entity, country, currency, opened)
        for person in people[entity]:
            _employ(book, person, entity, head if person is leader else leader)
    _record_leave(book)


def _leader(people: list[Record]) -> Record:
    """The most senior of the people who work for the firm today, the first hired of them."""
    ranks = {role: n for n, role in enumerate(LEADERS)}
    staff = [p for p in people if not p.values["id"].startswith("F-")] or people
    return min(staff, key=lambda p: (ranks.get(p.values["role"], len(ranks)), p.values["id"]))


def _organise(book: Book, entity: str, country: str, leader: Record, opened: Any) -> None:
    manager = leader.values["id"]
    for kind, key, parent, name in (
        ("supervisory", f"OU-{entity}", TOP, f"Consulting {country}"),
        ("region", f"{REGION}-{country}", REGION, country),
        ("cost_center", f"{COST_CENTERS}-{country}", COST_CENTERS, f"Delivery {country}"),
    ):
        code = key.removeprefix("OU-")
        book.add("org_units", OrgUnit, opened, id=key, name=name, type=kind, code=code, parent=parent, manager=manager)


def _open_calendar(book: Book, entity: str, country: str, currency: str, opened: Any) -> None:
    years = range(book.starts_on.year, book.horizon.year + 1)
    book.add(
        "work_calendars",
        WorkCalendar,
        opened,
        id=f"WC-{entity}",
        name=f"Standard week {country}",
        country=country,
        hours_per_day=HOURS_PER_DAY[currency],
        holidays=[
            {"holiday_date": date(year, month, day), "name": name}
            for year in years
            for month, day, name in HOLIDAYS[currency]
        ],
    )


def _employ(book: Book, person: Record, entity: str, manager: Record) -> None:
    """Employment began when the person was recorded, for some long before; the former ones have left since."""
    key = person.values["id"]
    r = book.chance("hr", "employment", key)
    hired = person.created.date() - timedelta(days=r.choice([0, 0, 0, r.randint(30, 2500)]))
    person.values |= {
        "hired_on": hired,
        "manager": None if person is manager else manager.values["id"],
        "org_unit": f"OU-{entity}",
        "work_calendar": f"WC-{entity}",
    }
    if key.startswith("F-"):
        left = book.starts_on - DAY * r.randint(10, 40)
        person.created = min(person.created, at(left - DAY * 200, 9))
        person.values["hired_on"] = min(hired, person.created.date())
        person.changes.append((at(left - DAY * 20, 11), {"terminated_on": left}))


def _record_leave(book: Book) -> None:
    """The days on which people stayed away, asked for weeks before; now and then somebody asks and comes after all."""
    hours = {p.values["id"]: HOURS_PER_DAY[p.values["cost_currency"]] for p in book.records["resources"]}
    for person, days in book.absences:
        r = book.chance("hr", "leave", person, days[0])
        kind = r.choices(["Vacation", "Sick", "Parental"], [8, 3, 1])[0]
        notice = 0 if kind == "Sick" else r.randint(5, 25)
        for day in days:
            leave = _ask(book, person, day, hours[person], kind, notice)
            leave.changes.append((at(add_business_days(leave.created.date(), 1), 10), {"status": "approved"}))
    for person, days in _second_thoughts(book):
        for day in days:
            leave = _ask(book, person, day, hours[person], "Vacation", 15)
            leave.changes.append((at(add_business_days(day, -5), 16), {"status": "cancelled"}))


def _second_thoughts(book: Book) -> Iterator[tuple[str, list[date]]]:
    """One in eight asked for two days on which it worked in the end."""
    absent = {(person, day) for person, days in book.absences for day in days}
    for person in book.people:
        r = book.chance("hr", "second thoughts", person)
        if r.random() < 0.125:
            first = book.starts_on + DAY * r.randint(20, 90)
            days = list(business_days(first, first + DAY * 3))[:2]
            yield person, [day for day in days if (person, day) not in absent]


def _ask(book: Book, person: str, day: date, hours: Decimal, kind: str, notice: int) -> Record:
    asked = at(add_business_days(day, -notice), 8)
    return book.add(
        "leaves",
        Leave,
        asked,
        id=f"LV-{person}-{day:%y%m%d}",
        resource=person,
        leave_date=day,
        hours=hours,
        type=kind,
        status="requested",
    )
