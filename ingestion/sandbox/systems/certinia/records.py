"""The firm's facts as records of Certinia PSA: accounts, people, projects, bookings, milestones and applied rates."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.sandbox.facts import EPOCH, Assignment, Customer, Milestone, Project, RateCard, RateLine, Resource
from ingestion.sandbox.systems.certinia import catalog
from ingestion.sandbox.systems.certinia.money import ORGANIZATION_CURRENCY, Currencies, rate, shares
from ingestion.sandbox.systems.salesforce.ids import record_id
from ingestion.sandbox.systems.salesforce.org import OrgRecords, Record
from ingestion.sandbox.systems.salesforce.values import day, moment, number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.certinia import System

ORGANIZATION_ID = record_id("00D", "certinia", "organization")
_OLD = moment(EPOCH)
_SCOPE_KINDS = {"contract_line": "contract_lines", "contract": "contracts", "customer": "customers"}


def user_id(person: str) -> str:
    """The Salesforce user of a person of the firm, or of somebody else who approves."""
    return record_id("005", "certinia", person)


def practice_id(service_line: str) -> str:
    """The practice that stands for a service line of the firm."""
    return record_id("a1L", "certinia", service_line)


class Records(OrgRecords):
    """Builds the tables of master data of ``system`` from the facts that it has heard of."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self.org = system
        facts = system.world.facts
        self.currencies = Currencies(facts)
        self.roles = {r.id: r.role for r in facts.resources}
        self.set_of_line = {c.scope_id: c.id for c in facts.rate_cards if c.applied and c.scope == "contract_line"}
        self.projects_of_line: defaultdict[str, list[str]] = defaultdict(list)
        for project in sorted(facts.projects, key=lambda p: p.id):
            if not self.is_deleted(project):
                self.projects_of_line[project.contract_line or ""].append(project.id)

    def tables(self) -> dict[str, list[Record]]:
        facts = self.system.facts
        cards = [card for card in facts("rate_cards") if card.applied]
        people = facts("resources")
        return {
            "Organization": [self.organization()],
            "User": self.users(people),
            "Account": [self.account(c) for c in facts("customers")],
            "Contact": [*(self.contact(r) for r in people), self.client()],
            "pse__Practice__c": self.practices(facts("projects")),
            "pse__Proj__c": [*(self.project(p) for p in facts("projects")), self.template()],
            "pse__Schedule__c": [self.schedule(a) for a in facts("assignments")],
            "pse__Assignment__c": [self.assignment(a) for a in facts("assignments")],
            "pse__Milestone__c": [row for m in facts("milestones") for row in self.milestones(m)],
            "pse__Rate_Card_Set__c": [self.rate_card_set(c) for c in cards],
            "pse__Rate_Card__c": [self.rate_card(c, line) for c in cards for line in c.lines],
            "pse__Rate_Card_Set_Junction__c": [self.junction(c, line) for c in cards for line in c.lines],
        }

    def project_of(self, line_id: str | None) -> str | None:
        """The first project of a contract line: what a record of that line is on when nobody says otherwise."""
        return next(iter(self.projects_of_line[line_id or ""]), None)

    def crm(self, kind: str, fact_id: str | None) -> str | None:
        """The CRM's id of a fact; None when it has none."""
        return self.system.world.ref("crm", kind, fact_id)

    def organization(self) -> Record:
        return {
            "Id": ORGANIZATION_ID,
            "Name": "Services Firm",
            "DefaultCurrencyIsoCode": ORGANIZATION_CURRENCY,
            "SystemModstamp": _OLD,
        }

    def users(self, people: list[Resource]) -> list[Record]:
        """Everybody with a resource record, and who else approves time, such as a client's manager."""
        staff = {r.id for r in self.system.world.facts.resources}
        since: dict[str, datetime] = {}
        for entry in self.system.facts("time_entries"):
            if entry.approver and entry.approver not in staff:
                touched = self.system.touched(entry)
                since[entry.approver] = min(since.get(entry.approver, touched), touched)
        rows = [self.user(p.id, p.name or p.id, p.email, self.system.touched(p)) for p in people]
        others = (self.user(n, n, n if "@" in n else None, at) for n, at in sorted(since.items()))
        return [*rows, *others]

    def user(self, person: str, name: str, email: str | None, changed: datetime) -> Record:
        stamp = moment(changed)
        return {
            "Id": user_id(person),
            "Name": name,
            "Email": email,
            "IsActive": True,
            "MobilePhone": "+1 555 0100",
            "CreatedDate": _OLD,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }

    def account(self, customer: Customer) -> Record:
        """A customer; in an org of its own the integration with the CRM keeps that one's id in a field."""
        base = self.base("customers", customer)
        crm_id = self.crm("customers", customer.id)
        return base | {
            "Name": customer.name or customer.id,
            "MasterRecordId": None,
            "CRM_Account_Id__c": None if crm_id == base["Id"] else crm_id,
            "CurrencyIsoCode": customer.currency,
        }

    def contact(self, person: Resource) -> Record:
        return self.base("resources", person) | {
            "Name": person.name or person.id,
            "Email": person.email,
            "MobilePhone": "+1 555 0100",
            "pse__Is_Resource__c": True,
            "pse__Is_Resource_Active__c": True,
            "pse__External_Resource__c": person.kind == "contractor",
            "pse__Resource_Role__c": person.role,
            "pse__Default_Cost_Rate__c": number(person.cost_rate),
            "pse__Daily_Default_Cost_Rate__c": False,
            "pse__Salesforce_User__c": user_id(person.id),
            "pse__Start_Date__c": None,
            "pse__Last_Date__c": None,
            "ERP_Legal_Entity_Id__c": self.system.world.ref("erp", "legal_entities", person.legal_entity),
            "Email_Aliases__c": "; ".join(person.email_aliases) or None,
            "CurrencyIsoCode": person.cost_currency,
        }

    def client(self) -> Record:
        """A customer's contact: no resource."""
        empty = dict.fromkeys(catalog.CATALOG["Contact"].fields)
        return empty | {
            "Id": record_id("003", "certinia", "client"),
            "IsDeleted": False,
            "CreatedDate": _OLD,
            "LastModifiedDate": _OLD,
            "SystemModstamp": _OLD,
            "Name": "A Client",
            "Email": "client@customer.example",
            "pse__Is_Resource__c": False,
            "CurrencyIsoCode": ORGANIZATION_CURRENCY,
        }

    def practices(self, projects: list[Project]) -> list[Record]:
        """The service lines that projects are of, each as old as the first project of it."""
        since: dict[str, datetime] = {}
        for project in projects:
            if line := project.service_line:
                touched = self.system.touched(project)
                since[line] = min(since.get(line, touched), touched)
        return [
            {
                "Id": practice_id(line),
                "IsDeleted": False,
                "CreatedDate": moment(at),
                "LastModifiedDate": moment(at),
                "SystemModstamp": moment(at),
                "Name": line,
            }
            for line, at in sorted(since.items())
        ]

    def project(self, project: Project) -> Record:
        manager = project.manager if project.manager in self.roles else None
        return self.base("projects", project) | {
            "CreatedDate": moment(project.created_at or EPOCH),
            "Name": project.name or project.id,
            "pse__Account__c": self.id_of("customers", project.customer),
            "pse__Parent_Project__c": self.id_of("projects", project.parent),
            "pse__Project_Manager__c": self.id_of("resources", manager),
            "pse__Practice__c": practice_id(project.service_line) if project.service_line else None,
            "pse__Project_Type__c": catalog.PROJECT_TYPES[project.kind],
            "pse__Billing_Type__c": "Time and Materials" if project.kind == "billable" else None,
            "pse__Stage__c": catalog.STAGES[project.status],
            "pse__Start_Date__c": day(project.starts_on),
            "pse__End_Date__c": day(project.ends_on),
            "pse__Is_Active__c": project.status == "active",
            "pse__Is_Billable__c": project.kind == "billable",
            "pse__Is_Template__c": False,
            "pse__Exclude_From_Billing__c": project.is_excluded_from_billing,
            "pse__Closed_for_Time_Entry__c": project.status == "closed" or project.merged_into is not None,
            "pse__Rate_Card_Set__c": self.id_of("rate_cards", self.set_of_line.get(project.contract_line)),
            "pse__Margin__c": number(0),
            "Project_Code__c": project.code,
            "CRM_Contract_Line_Id__c": self.crm("contract_lines", project.contract_line),
            "Merged_Into__c": self.id_of("projects", project.merged_into),
            "CurrencyIsoCode": self.currencies.of(project.id),
        }

    def template(self) -> Record:
        """What new projects are copied from: no project."""
        empty = dict.fromkeys(catalog.CATALOG["pse__Proj__c"].fields)
        return empty | {
            "Id": record_id("a1P", "certinia", "template"),
            "IsDeleted": False,
            "CreatedDate": _OLD,
            "LastModifiedDate": _OLD,
            "SystemModstamp": _OLD,
            "Name": "Template: time and materials",
            "pse__Is_Template__c": True,
            "CurrencyIsoCode": ORGANIZATION_CURRENCY,
        }

    def schedule(self, booking: Assignment) -> Record:
        base = self.base("assignments", booking)
        return base | {"Id": self.schedule_id(booking.id), "Name": "Schedule" + base["Id"][9:15]} | _period(booking)

    @staticmethod
    def schedule_id(booking: str) -> str:
        return record_id("a1C", "certinia", booking)

    def assignment(self, booking: Assignment) -> Record:
        """A booking; its dates and hours are formulas over its schedule."""
        return (
            self.base("assignments", booking)
            | {
                "Name": booking.id,
                "pse__Project__c": self.id_of("projects", booking.project),
                "pse__Resource__c": self.id_of("resources", booking.resource),
                "pse__Schedule__c": self.schedule_id(booking.id),
                "pse__Role__c": booking.role or self.roles.get(booking.resource),
                "pse__Status__c": "Scheduled" if booking.is_hard else "Tentative",
                "pse__Is_Billable__c": True,
                "pse__Bill_Rate__c": None,
                "pse__Daily_Bill_Rate__c": False,
                "pse__Exclude_from_Billing__c": False,
                "CurrencyIsoCode": self.currencies.of(booking.project),
            }
            | _period(booking)
        )

    def milestones(self, milestone: Milestone) -> list[Record]:
        """One record, or one per customer who pays a share."""
        line = milestone.contract_line
        project = milestone.project or self.project_of(line)
        currency = self.currencies.of(project, line)
        base = self.base("milestones", milestone) | {
            "Name": milestone.name or milestone.id,
            "pse__Project__c": self.id_of("projects", project),
            "pse__Target_Date__c": day(milestone.due_on),
            "pse__Actual_Date__c": day(milestone.accepted_on),
            "pse__Status__c": "Approved" if milestone.accepted_on else "Open",
            "pse__Approved__c": milestone.accepted_on is not None,
            "pse__Billed__c": False,
            "pse__Billing_Hold__c": False,
            "CRM_Contract_Line_Id__c": self.crm("contract_lines", line),
            "Deemed_Accepted_On__c": day(milestone.deemed_on),
            "CurrencyIsoCode": currency,
        }
        return [
            base
            | {
                "Id": self.system.external_id("milestones", fact_id),
                "pse__Milestone_Amount__c": number(amount),
                "Bill_To_Account__c": self.id_of("customers", customer),
            }
            for fact_id, customer, amount in shares(milestone, currency)
        ]

    def rate_card_set(self, card: RateCard) -> Record:
        kind = _SCOPE_KINDS.get(card.scope)
        return self.base("rate_cards", card) | {
            "CreatedDate": moment(card.created_at or EPOCH),
            "Name": card.name or card.id,
            "CRM_Scope__c": catalog.SCOPES[card.scope],
            "CRM_Scope_Id__c": self.crm(kind, card.scope_id) if kind else None,
            "CurrencyIsoCode": card.currency,
        }

    def rate_card(self, card: RateCard, line: RateLine) -> Record:
        """One role's rate; it is valid up to and including its end date."""
        account = card.scope_id if card.scope == "customer" else None
        last = line.valid_to - timedelta(days=1) if line.valid_to else None
        return self.base("rate_cards", card) | {
            "Id": record_id("a1R", "certinia", line.id),
            "Name": f"RC-{line.id}",
            "pse__Account__c": self.id_of("customers", account),
            "pse__Role__c": line.role,
            "pse__Start_Date__c": day(line.valid_from),
            "pse__End_Date__c": day(last),
            "pse__Suggested_Bill_Rate__c": rate(line.rate),
            "Resource__c": self.id_of("resources", line.resource),
            "CurrencyIsoCode": card.currency,
        }

    def junction(self, card: RateCard, line: RateLine) -> Record:
        base = self.base("rate_cards", card)
        return base | {
            "Id": self.system.external_id("rate_card_lines", line.id),
            "Name": f"RCSJ-{line.id}",
            "pse__Rate_Card_Set__c": base["Id"],
            "pse__Rate_Card__c": record_id("a1R", "certinia", line.id),
        }


def _period(booking: Assignment) -> Record:
    """Dates of a booking, and its hours on the working days between them."""
    days = (booking.starts_on + timedelta(days=n) for n in range((booking.ends_on - booking.starts_on).days + 1))
    working = sum(d.weekday() < 5 for d in days)
    return {
        "pse__Start_Date__c": day(booking.starts_on),
        "pse__End_Date__c": day(booking.ends_on),
        "pse__Scheduled_Hours__c": number(booking.hours_per_day * working),
    }
