"""Facts as Workday's records: workers and organizations in the shape of their XML, and the rows of custom reports.

Keys that begin with ``_`` steer the stand-in and are never sent.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import LegalEntity, OrgUnit, Resource
from ingestion.sandbox.world import stable_number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.workday import System

Record = dict[str, Any]
TYPES = {"supervisory": "Supervisory", "cost_center": "Cost_Center", "company": "Company", "region": "Region"}
LEAVE_STATUS = {"requested": "Submitted", "approved": "Approved", "cancelled": "Canceled"}
FTE = Decimal(100)


def wid(kind: str, fact_id: str) -> str:
    """Workday's own id of a record: 32 hexadecimal digits."""
    return f"{stable_number('workday', kind, fact_id, bits=64):016x}{stable_number(fact_id, kind, bits=64):016x}"


def reference(wid_: str, **ids: str | None) -> Record:
    """A reference with its ids by type; the descriptor may be absent, and is."""
    known = {"WID": wid_, **ids}
    return {"ID": [{"@type": kind, "#text": value} for kind, value in known.items() if value is not None]}


def typed(kind: str, value: str) -> Record:
    """A reference to a setting of the tenant, such as a country or an organization type."""
    return reference(wid(kind, value), **{kind: value})


class Builder:
    """The records of one state of the world."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.today = system.now.date()
        self.people: dict[str, Resource] = {r.id: r for r in self._alive("resources")}
        self.units: dict[str, OrgUnit] = {u.id: u for u in system.facts("org_units")}
        self.companies: dict[str, LegalEntity] = {e.id: e for e in self._alive("legal_entities")}
        self.children: defaultdict[str, list[OrgUnit]] = defaultdict(list)
        for unit in self.units.values():
            if unit.parent in self.units:
                self.children[unit.parent].append(unit)

    def build(self) -> dict[str, list[Record]]:
        organizations = [self._company(c) for c in self.companies.values()]
        organizations += [self._unit(u) for u in self.units.values()]
        if self.companies:
            organizations.append(self._pay_group())
        return {
            "workers": sorted((self._worker(r) for r in self.people.values()), key=_wid_of("Worker")),
            "organizations": sorted(organizations, key=_wid_of("Organization")),
            **self._reports(),
        }

    def _alive(self, kind: str) -> list[Any]:
        """Facts that were not taken back: a rescinded hire, for one, leaves nothing."""
        return [f for f in self.system.facts(kind) if f.deleted_at is None or f.deleted_at > self.system.now]

    # --- organizations

    def unit_type(self, unit: OrgUnit) -> str:
        """Trees of anything but supervisory organizations live in hierarchies, whose nodes are organizations too."""
        kind = TYPES[unit.type]
        return f"{kind}_Hierarchy" if unit.type != "supervisory" and self.children[unit.id] else kind

    def unit_reference(self, unit_id: str | None) -> Record | None:
        if unit_id in self.units:
            return reference(wid("org_units", unit_id), Organization_Reference_ID=unit_id)
        return None

    def worker_reference(self, person_id: str | None) -> Record | None:
        if person_id not in self.people:
            return None
        kind = "Employee_ID" if self.people[person_id].kind == "employee" else "Contingent_Worker_ID"
        return reference(wid("resources", person_id), **{kind: number(person_id)})

    def _company(self, entity: LegalEntity) -> Record:
        key = self.system.company_id(entity.id)
        ids = reference(wid("legal_entities", entity.id), Organization_Reference_ID=key, Company_Reference_ID=key)
        return self._organization(ids, key, entity.name or entity.id, "", "Company", entity)

    def _unit(self, unit: OrgUnit) -> Record:
        kind = self.unit_type(unit)
        ids = reference(wid("org_units", unit.id), Organization_Reference_ID=unit.id)
        record = self._organization(ids, unit.id, unit.name or unit.id, unit.code, kind, unit)
        record["Organization_Data"] |= {
            "Manager_Reference": self.worker_reference(unit.manager),
            "Hierarchy_Data": self._hierarchy(unit, kind),
        }
        return record

    def _hierarchy(self, unit: OrgUnit, kind: str) -> Record:
        parent = self.unit_reference(unit.parent)
        nodes: list[Record | None] = []
        members: list[Record | None] = []
        for child in self.children[unit.id]:
            is_node = unit.type == "supervisory" or self.unit_type(child).endswith("_Hierarchy")
            (nodes if is_node else members).append(self.unit_reference(child.id))
        in_chain = kind == "Supervisory" or kind.endswith("_Hierarchy")
        top = unit
        while top.parent in self.units:
            top = self.units[top.parent]
        return {
            "Top-Level_Organization_Reference": self.unit_reference(top.id),
            "Superior_Organization_Reference": parent if in_chain else None,
            "Subordinate_Organization_Reference": nodes,
            "Included_Organization_Reference": members,
            "Included_In_Organization_Reference": None if in_chain else parent,
        }

    def _pay_group(self) -> Record:
        ids = reference(wid("pay_groups", "Monthly"), Organization_Reference_ID="PG-MONTHLY")
        return self._organization(ids, "PG-MONTHLY", "Monthly", "", "Pay_Group", next(iter(self.companies.values())))

    def _organization(
        self, ids: Record, key: str, name: str, code: str, kind: str, fact: OrgUnit | LegalEntity
    ) -> Record:
        closed = fact.deleted_at if fact.deleted_at and fact.deleted_at <= self.system.now else None
        touched = self.system.touched(fact)
        return {
            "_type": kind,
            "_inactive": closed is not None,
            "_events": [("Maintain Organization", touched, touched)],
            "Organization_Reference": ids,
            "Organization_Data": {
                "Reference_ID": key,
                "Name": name,
                "Organization_Code": code or None,
                "Organization_Type_Reference": typed("Organization_Type_ID", self.system.spelling(kind)),
                "Availibility_Date": fact.created_at or touched,
                "Last_Updated_DateTime": self.system.local(closed or touched),
                "Inactive": closed is not None,
                "Inactive_Date": closed.date() if closed else None,
            },
        }

    # --- workers

    def _worker(self, person: Resource) -> Record:
        touched = self.system.touched(person)
        entered = min(person.created_at or touched, touched)
        # Effective moments are the tenant's midnight.
        events = [("Hire", _midnight(person.hired_on) if person.hired_on else entered, entered)]
        if touched > entered:
            events.append(("Edit Worker", touched, touched))
        if person.terminated_on:
            events.append(("Terminate", _midnight(person.terminated_on + timedelta(days=1)), touched))
        jobs = self._jobs(person)
        return {
            "_events": events,
            "_hired_on": person.hired_on,
            "_terminated_on": person.terminated_on,
            "_kind": person.kind,
            "Worker_Reference": self.worker_reference(person.id),
            "Worker_Data": {
                "Worker_ID": number(person.id),
                "User_ID": person.email.partition("@")[0],
                "Personal_Data": {"Name_Data": _names(person), "Contact_Data": {"Email_Address_Data": _emails(person)}},
                "Employment_Data": {
                    "Worker_Job_Data": jobs,
                    "Worker_Status_Data": self._status(person),
                    "Worker_Contract_Data": _contract(person),
                },
                "Organization_Data": {
                    "Worker_Organization_Data": [
                        m for job in jobs for m in job["Position_Organizations_Data"]["Position_Organization_Data"]
                    ]
                },
                "Management_Chain_Data": self._chain(person),
                "Transaction_Log_Entry_Data": {"Transaction_Log_Entry": [self._entry(person, *e) for e in events]},
            },
        }

    def _status(self, person: Resource) -> Record:
        """As after everything that is entered by now; what is not effective yet is taken out when it is asked for."""
        hired = self.system.dated(person.hired_on, person.id)
        gone = person.terminated_on
        return {
            "Active": gone is None,
            "Active_Status_Date": gone or hired,
            "Hire_Date": hired,
            "Original_Hire_Date": hired,
            "Terminated": gone is not None,
            "Termination_Date": gone,
            "Termination_Last_Day_of_Work": gone,
        }

    def _jobs(self, person: Resource) -> list[Record]:
        """The primary job, and for one employee in five another one in the unit above, which comes first."""
        unit = self.units.get(person.org_unit or "")
        jobs = [self._job(person, unit, primary=True)]
        above = self.units.get(unit.parent or "") if unit and unit.type == "supervisory" else None
        if above and person.kind == "employee" and stable_number("jobs", person.id) % 5 == 0:
            jobs.insert(0, self._job(person, above, primary=False))
        return jobs

    def _job(self, person: Resource, unit: OrgUnit | None, *, primary: bool) -> Record:
        role = person.role if primary else "Committee Member"
        key = f"{person.id}-{'1' if primary else '2'}"
        kind = "Employee_Type_ID" if person.kind == "employee" else "Contingent_Worker_Type_ID"
        return {
            "@Primary_Job": primary,
            "Position_Data": {
                "@Effective_Date": person.hired_on,
                "Position_Reference": reference(wid("positions", key), Position_ID=f"P-{number(key)}"),
                "Position_ID": f"P-{number(key)}",
                "Position_Title": role,
                "Business_Title": role,
                "Start_Date": person.hired_on,
                "Worker_Type_Reference": typed(kind, "Regular" if person.kind == "employee" else "Contractor"),
                "Position_Time_Type_Reference": typed("Position_Time_Type_ID", "Full_time"),
                "Scheduled_Weekly_Hours": Decimal(40) if primary else Decimal(0),
                "Full_Time_Equivalent_Percentage": FTE if primary else Decimal(0),
                "Job_Profile_Summary_Data": {
                    "Job_Profile_Reference": typed("Job_Profile_ID", role.upper().replace(" ", "_")),
                    "Job_Profile_Name": role,
                },
                "Manager_as_of_last_detected_manager_change_Reference": self.worker_reference(person.manager),
            },
            "Position_Organizations_Data": {"Position_Organization_Data": self._memberships(person, unit)},
        }

    def _memberships(self, person: Resource, unit: OrgUnit | None) -> list[Record]:
        found = []
        if self.companies:
            found.append(
                _membership(
                    wid("pay_groups", "Monthly"), "PG-MONTHLY", "", "Monthly", self.system.spelling("Pay_Group")
                )
            )
        company = self.companies.get(person.legal_entity or "")
        if company:
            key = self.system.company_id(company.id)
            kind = self.system.spelling("Company")
            found.append(_membership(wid("legal_entities", company.id), key, "", company.name or company.id, kind))
        if unit and not (company and unit.type == "company"):
            kind = self.system.spelling(self.unit_type(unit))
            found.append(_membership(wid("org_units", unit.id), unit.id, unit.code, unit.name or unit.id, kind))
        return found

    def _chain(self, person: Resource) -> Record | None:
        boss = self.worker_reference(person.manager)
        if boss is None:
            return None
        link = {"Organization_Reference": self.unit_reference(person.org_unit), "Manager_Reference": boss}
        return {"Worker_Supervisory_Management_Chain_Data": {"Management_Chain_Data": [link]}}

    def _entry(self, person: Resource, description: str, effective: datetime, entered: datetime) -> Record:
        return {
            "Transaction_Log_Reference": reference(
                wid("transactions", f"{person.id}/{description}/{entered.isoformat()}")
            ),
            "Transaction_Log_Data": {
                "Transaction_Log_Description": f"{description}: {person.name or person.id}",
                "Transaction_Effective_Moment": self.system.local(effective),
                "Transaction_Entry_Moment": self.system.local(entered),
                "Is_Rescind_Or_Rescinded": False,
                "Is_Correction_Or_Corrected": False,
            },
        }

    # --- custom reports

    def _reports(self) -> dict[str, list[Record]]:
        calendars = self._alive("work_calendars")
        hours = {c.id: c.hours_per_day for c in calendars}
        return {
            "work_calendars": [
                {
                    "Work_Calendar_ID": c.id,
                    "Work_Calendar_Name": c.name or c.id,
                    "Country_Code": c.country,
                    "Hours_per_Day": format(c.hours_per_day, "f"),
                }
                for c in calendars
            ],
            "holidays": [
                {
                    "Holiday_WID": wid("holidays", f"{c.id}/{day.holiday_date}"),
                    "Work_Calendar_ID": c.id,
                    "Holiday_Date": day.holiday_date.isoformat(),
                    "Holiday_Name": day.name or None,
                }
                for c in calendars
                for day in c.holidays
            ],
            "worker_calendars": [
                {"Worker_WID": wid("resources", r.id), "Work_Calendar_ID": r.work_calendar}
                for r in self.people.values()
                if r.work_calendar
            ],
            "time_off": [self._time_off(leave, hours) for leave in self._alive("leaves")],
        }

    def _time_off(self, leave: Any, hours_per_day: dict[str, Decimal]) -> Record:
        """Some absence plans count in days; the others in hours."""
        person = self.people.get(leave.resource)
        day = hours_per_day.get(person.work_calendar or "") if person else None
        units, unit = leave.hours, "Hours"
        if (
            day
            and stable_number("unit", leave.type) % 2
            and leave.hours == (leave.hours / day).quantize(Decimal("0.01")) * day
        ):
            units, unit = (leave.hours / day).quantize(Decimal("0.01")), "Days"
        return {
            "Time_Off_Entry_WID": wid("leaves", leave.id),
            "Worker_WID": wid("resources", leave.resource),
            "Time_Off_Date": leave.leave_date.isoformat(),
            "Units": format(units, "f"),
            "Unit_of_Time": unit,
            "Time_Off_Type": leave.type,
            "Status": LEAVE_STATUS[leave.status],
            "Last_Updated": self.system.local(self.system.touched(leave)).isoformat(timespec="milliseconds"),
        }


def number(fact_id: str) -> str:
    """The number by which people call a worker or position."""
    return str(stable_number("number", fact_id))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)


def _wid_of(kind: str) -> Any:
    return lambda record: record[f"{kind}_Reference"]["ID"][0]["#text"]


def _names(person: Resource) -> Record:
    name = person.name or person.id
    first, _, last = name.rpartition(" ")
    detail = {
        "@Formatted_Name": name,
        "@Reporting_Name": f"{last}, {first}" if first else last,
        "Country_Reference": typed("ISO_3166-1_Alpha-2_Code", "US"),
        "First_Name": first or None,
        "Last_Name": last,
    }
    legal = {**detail, "@Formatted_Name": f"{name} (legal)"} if stable_number("legal", person.id) % 4 == 0 else detail
    return {"Legal_Name_Data": {"Name_Detail_Data": legal}, "Preferred_Name_Data": {"Name_Detail_Data": detail}}


def _emails(person: Resource) -> list[Record]:
    """The addresses at work, the primary one first, after a private one where there is one."""
    found = [_email(person.email, "WORK"), *(_email(a, "WORK", primary=False) for a in person.email_aliases)]
    if stable_number("home", person.id) % 3 == 0:
        found.insert(0, _email(f"{number(person.id)}@home.example", "HOME"))
    return found


def _email(address: str, usage: str, *, primary: bool = True) -> Record:
    kind = {"@Primary": primary, "Type_Reference": typed("Communication_Usage_Type_ID", usage)}
    return {"Email_Address": address, "Usage_Data": {"@Public": usage == "WORK", "Type_Data": kind}}


def _contract(person: Resource) -> Record | None:
    """What a contingent worker costs; of employees nobody outside payroll is told."""
    if person.kind == "employee" or person.cost_rate is None:
        return None
    return {
        "Contract_Pay_Rate": person.cost_rate,
        "Currency_Reference": typed("Currency_ID", person.cost_currency),
        "Frequency_Reference": typed("Frequency_ID", "Hourly"),
    }


def _membership(org_wid: str, key: str, code: str, name: str, kind: str) -> Record:
    return {
        "Organization_Reference": reference(org_wid, Organization_Reference_ID=key),
        "Organization_Data": {
            "Organization_Reference_ID": key,
            "Organization_Code": code or None,
            "Organization_Name": name,
            "Organization_Type_Reference": typed("Organization_Type_ID", kind),
            "Used_in_Change_Organization_Assignments": True,
        },
    }
