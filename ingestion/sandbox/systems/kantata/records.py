"""The firm's facts as Kantata OX keeps them: projects, people, bookings, time and its submissions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import EPOCH, Assignment, Fact, Project, Resource, TimeEntry
from ingestion.sandbox.systems.kantata.agreements import estimates
from ingestion.sandbox.systems.kantata.brainstem import Row
from ingestion.sandbox.systems.kantata.fixed_fees import fixed_fees
from ingestion.sandbox.systems.kantata.links import Links
from ingestion.sandbox.systems.kantata.rates import rate_card_tables
from ingestion.sandbox.systems.kantata.values import base_unit, iso, subunits, symbol, vendor_id, whole
from ingestion.sandbox.world import VendorSystem

_STATUS = {
    "planned": {"color": "light grey", "key": 200, "message": "In Setup"},
    "active": {"color": "green", "key": 300, "message": "Active"},
    "closed": {"color": "grey", "key": 400, "message": "Closed"},
}
_PROJECT_TYPE = {"billable": "Billable", "internal": "Internal", "presales": "Pre-Sales"}
_EMPLOYMENT = {"employee": "Employee", "contractor": "Contractor"}
_SUBMISSION_STATUS = {"submitted": "pending", "approved": "approved", "rejected": "rejected"}
_MINUTES = 60


class Records:
    """Builds all tables of the account from the facts at one state of the world."""

    def __init__(self, system: VendorSystem) -> None:
        self._system = system
        self._now = system.now
        self.links = Links(system.world)
        self.tables: dict[str, list[Row]] = defaultdict(list)
        facts = system.world.facts
        self._lines = {line.id: line for line in facts.contract_lines}
        self._contracts = {contract.id: contract for contract in facts.contracts}
        self._customers = {customer.id: customer for customer in facts.customers}
        self._resources: dict[str, Resource] = {r.id: r for r in self.alive("resources")}
        self.projects: dict[str, Project] = {p.id: p for p in self.alive("projects")}
        self._archived = {p.id for p in self.projects.values() if p.status == "closed" or p.merged_into}
        self._roles: dict[str, str] = {}
        self._guests: set[str] = set()

    def build(self) -> dict[str, list[Row]]:
        """Every collection with its rows, as the API shows them."""
        self._people()
        self._time()
        self._workspaces()
        self._bookings()
        fixed_fees(self)
        self.tables["estimates"] = estimates(self)
        cards = [c for c in self.alive("rate_cards") if c.applied]
        self.tables.update(rate_card_tables(cards, self.links, self.times, self._role_id))
        self._currencies()
        self.tables["roles"] = [self.record(i, {"name": name, "deleted_at": None}) for name, i in self._roles.items()]
        self.tables["external_references"] = self.links.references
        self.tables["custom_field_values"] = self.links.values
        return dict(self.tables)

    def alive(self, kind: str) -> list[Any]:
        """The facts of ``kind`` that have not been deleted."""
        return [f for f in self._system.facts(kind) if f.deleted_at is None or f.deleted_at > self._now]

    def times(self, fact: Fact) -> Row:
        return {"created_at": iso(fact.created_at or EPOCH), "updated_at": iso(self._system.touched(fact))}

    def record(self, record_id: str, columns: Row, fact: Fact | None = None) -> Row:
        times = self.times(fact) if fact else {"created_at": iso(EPOCH), "updated_at": iso(EPOCH)}
        return {"id": record_id, **columns, **times}

    def _role_id(self, name: str | None) -> str | None:
        return self._roles.setdefault(name, vendor_id("roles", name)) if name else None

    def _people(self) -> None:
        for person in self._resources.values():
            user_id, member_id = vendor_id("resources", person.id), vendor_id("account_memberships", person.id)
            user = {
                "full_name": person.name or person.id,
                "email_address": person.email,
                "disabled": False,
                "account_membership_id": member_id,
                "role_id": self._role_id(person.role),
            }
            self.tables["users"].append(self.record(user_id, user, person))
            unit = base_unit(person.cost_currency)
            member = {
                "user_id": user_id,
                "default_role_id": self._role_id(person.role),
                "manager_id": None,
                "bill_rate_in_cents": None,
                "cost_rate_in_cents": None if person.cost_rate is None else whole(person.cost_rate * unit),
                "billability_target": None,
                "disabled_at": None,
            }
            self.tables["account_memberships"].append(self.record(member_id, member, person))
            if person.cost_rate is not None:
                cost = {
                    "account_membership_id": member_id,
                    "amount_in_subunits": subunits(person.cost_rate, person.cost_currency),
                    "currency": person.cost_currency,
                }
                self.tables["cost_rates"].append(self.record(vendor_id("cost_rates", person.id), cost, person))
            times = self.times(person)
            self.links.choice("employment_type", "User", user_id, _EMPLOYMENT[person.kind], times)
            entity = self._system.world.ref("erp", "legal_entities", person.legal_entity)
            self.links.text("legal_entity", "User", user_id, entity, times)
            self.links.text("email_aliases", "User", user_id, "; ".join(person.email_aliases) or None, times)

    def _user_id(self, person: str | None) -> str | None:
        """The id of a person; somebody who is not on the account, such as a client's approver, becomes a guest."""
        if person is None or person in self._resources:
            return vendor_id("resources", person) if person else None
        guest_id = vendor_id("guests", person)
        if person not in self._guests:
            self._guests.add(person)
            email = person if "@" in person else None
            guest = {"full_name": person, "email_address": email, "disabled": False}
            self.tables["users"].append(
                self.record(guest_id, {**guest, "account_membership_id": None, "role_id": None})
            )
        return guest_id

    def currency_of(self, project: Project | None, line_id: str | None = None) -> str:
        """The currency of a project: its contract line's (the surviving project's, if merged), contract's or customer's."""
        survivor, seen = project, set[str]()
        while survivor is not None and survivor.merged_into and survivor.id not in seen:
            seen.add(survivor.id)
            survivor = self.projects.get(survivor.merged_into)
        owner_of_line = project if project and project.contract_line else survivor
        line = self._lines.get(line_id or (owner_of_line.contract_line if owner_of_line else None) or "")
        contract = self._contracts.get(line.contract) if line else None
        customer = self._customers.get(project.customer) if project and project.customer else None
        for owner in (line, contract, customer):
            if owner is not None and owner.currency:
                return str(owner.currency)
        return "USD"

    def _workspaces(self) -> None:
        approvers: dict[str, set[str]] = defaultdict(set)
        for entry in self.alive("time_entries"):
            if entry.approver:
                approvers[entry.project].add(self._user_id(entry.approver) or "")
        for project in self.projects.values():
            workspace_id, currency = vendor_id("projects", project.id), self.currency_of(project)
            line = self._lines.get(project.contract_line or "")
            manager = self._user_id(project.manager)
            columns = {
                "title": project.name or project.id,
                "account_id": 1,
                "archived": project.id in self._archived,
                "description": "",
                "start_date": project.starts_on,
                "due_date": project.ends_on,
                "price_in_cents": subunits(line.amount, currency) if line else None,
                "currency": currency,
                "currency_symbol": symbol(currency),
                "currency_base_unit": base_unit(currency),
                "status": _STATUS[project.status],
                "budgeted": True,
                "change_orders_enabled": False,
                "require_time_approvals": True,
                "rate_card_id": None,
                "creator_id": manager,
                "primary_maven_id": manager,
                "_approver_ids": sorted(approvers[project.id]),
            }
            self.tables["workspaces"].append(self.record(workspace_id, columns, project))
            self._link_workspace(project, workspace_id)

    def _link_workspace(self, project: Project, workspace_id: str) -> None:
        times = self.times(project)
        merged = vendor_id("projects", project.merged_into) if project.merged_into else None
        parent = vendor_id("projects", project.parent) if project.parent else None
        self.links.text("project_code", "Workspace", workspace_id, project.code, times)
        self.links.choice("project_type", "Workspace", workspace_id, _PROJECT_TYPE[project.kind], times)
        self.links.choice("service_line", "Workspace", workspace_id, project.service_line, times)
        excluded = "Yes" if project.is_excluded_from_billing else None
        self.links.choice("excluded_from_billing", "Workspace", workspace_id, excluded, times)
        self.links.text("merged_into", "Workspace", workspace_id, merged, times)
        self.links.text("parent", "Workspace", workspace_id, parent, times)
        self.links.crm("contract_line", "Workspace", workspace_id, project.contract_line, times)
        self.links.crm("customer", "Workspace", workspace_id, project.customer, times)

    def _bookings(self) -> None:
        slots: dict[str, Row] = {}
        for booking in self.alive("assignments"):
            role = booking.role or self._role_of(booking.resource)
            slot_id = vendor_id("workspace_resources", f"{booking.project}/{booking.resource}/{role}")
            times = self.times(booking)
            slot = slots.setdefault(
                slot_id,
                {
                    "id": slot_id,
                    "workspace_id": vendor_id("projects", booking.project),
                    "user_id": vendor_id("resources", booking.resource),
                    "role_id": self._role_id(role),
                    "label": role,
                    "participation_id": None,
                    **times,
                },
            )
            slot["updated_at"] = max(slot["updated_at"], times["updated_at"])
            allocation = {
                "workspace_resource_id": slot_id,
                "start_date": booking.starts_on,
                "end_date": booking.ends_on,
                "minutes": whole(booking.hours_per_day * _MINUTES * _working_days(booking)),
                "hard": booking.is_hard,
                "notes": "",
            }
            self.tables["workspace_allocations"].append(
                self.record(vendor_id("assignments", booking.id), allocation, booking)
            )
        self.tables["workspace_resources"] = list(slots.values())

    def _role_of(self, resource: str) -> str | None:
        person = self._resources.get(resource)
        return person.role if person else None

    def story(self, story_id: str, project: str | None, columns: Row, times: Row) -> None:
        """Adds a task; ``columns`` beside those that all tasks here have in common."""
        shared = {
            "workspace_id": vendor_id("projects", project) if project else None,
            "parent_id": None,
            "start_date": None,
            "fixed_fee": False,
            "percentage_complete": 0,
            "archived": False,
            "deleted_at": None,
            "_archived_workspace": project in self._archived,
        }
        self.tables["stories"].append({"id": story_id, **shared, **columns, **times})

    def _time(self) -> None:
        entries = self.alive("time_entries")
        submission_of = self._submissions(entries)
        tasks: set[str] = set()
        for entry in entries:
            project = self.projects.get(entry.project)
            currency = self.currency_of(project)
            story_id = self._task(entry, tasks)
            submission = submission_of.get(entry.id)
            active = submission if entry.status in ("submitted", "approved") else None
            record_id, minutes = vendor_id("time_entries", entry.id), whole(entry.hours * _MINUTES)
            columns = {
                "date_performed": entry.work_date,
                "time_in_minutes": minutes,
                "billable": entry.is_billable,
                "approved": entry.status == "approved",
                "is_invoiced": entry.is_marked_billed,
                "taxable": False,
                "notes": entry.note,
                "location": None,
                "rate_in_cents": subunits(entry.applied_rate, currency),
                "cost_rate_in_cents": None,
                "currency": currency,
                "currency_base_unit": base_unit(currency),
                "currency_symbol": symbol(currency),
                "workspace_id": vendor_id("projects", entry.project),
                "user_id": vendor_id("resources", entry.resource),
                "story_id": story_id,
                "role_id": self._role_id(entry.role or self._role_of(entry.resource)),
                "active_submission_id": active,
                "recent_submission_id": submission,
                "invoice_id": vendor_id("invoices", entry.project) if entry.is_marked_billed else None,
                "_archived_workspace": entry.project in self._archived,
            }
            self.tables["time_entries"].append(self.record(record_id, columns, entry))
            self._annotate(entry, record_id, minutes)
        self._invoices()

    def _annotate(self, entry: TimeEntry, record_id: str, minutes: int) -> None:
        """What a time entry has no field for: exact hours, fewer billable ones and why, a change order, a billing hold."""
        times = self.times(entry)
        if Decimal(minutes) != entry.hours * _MINUTES:
            self.links.reference("logged_hours", "TimeEntry", record_id, str(entry.hours), times)
        if entry.billable_hours is not None and entry.billable_hours != entry.hours:
            self.links.reference("billable_hours", "TimeEntry", record_id, str(entry.billable_hours), times)
        if entry.submitted_billable_hours is not None or entry.writedown_reason:
            submitted = entry.submitted_billable_hours
            ref = None if submitted is None else str(submitted)
            self.links.reference("write_down", "TimeEntry", record_id, ref, times, message=entry.writedown_reason)
        self.links.crm("change_order", "TimeEntry", record_id, entry.change_order, times)
        if entry.hold:
            until = entry.hold.expires_on.isoformat() if entry.hold.expires_on else ".."
            interval = f"{entry.hold.placed_on.isoformat()}/{until}"
            self.links.reference("billing_hold", "TimeEntry", record_id, interval, times, message=entry.hold.reason)

    def _task(self, entry: TimeEntry, tasks: set[str]) -> str | None:
        if not entry.task:
            return None
        story_id = vendor_id("tasks", f"{entry.project}/{entry.task}")
        if story_id not in tasks:
            tasks.add(story_id)
            story = {"title": entry.task, "story_type": "task", "state": "started", "due_date": None, "billable": True}
            self.story(story_id, entry.project, story, {"created_at": iso(EPOCH), "updated_at": iso(EPOCH)})
        return story_id

    def _submissions(self, entries: Iterable[TimeEntry]) -> dict[str, str]:
        """Adds the timesheet submissions and says which of them is the newest of each entry.

        A submission holds what one person submitted of one project and week at one moment, and has one outcome; time
        that is approved without either moment is on a project that needs no approval.
        """
        groups: dict[tuple[Any, ...], list[TimeEntry]] = defaultdict(list)
        for entry in entries:
            if entry.status == "draft" or (
                entry.status == "approved" and not (entry.submitted_at or entry.approved_at)
            ):
                continue
            monday = entry.work_date - timedelta(days=entry.work_date.weekday())
            outcome = (entry.status, entry.approved_at, entry.approver)
            groups[entry.project, entry.resource, monday, entry.submitted_at, *outcome].append(entry)
        newest: dict[str, str] = {}
        for (project, resource, monday, submitted_at, status, approved_at, approver), members in groups.items():
            first = min(entry.id for entry in members)
            submission_id = vendor_id("timesheet_submissions", f"{first}/{submitted_at or ''}")
            newest |= {entry.id: submission_id for entry in members}
            touched = max(self._system.touched(entry) for entry in members)
            resolved_at = approved_at or (touched if status == "rejected" else None)
            submission = self._submission(project, resource, monday, status, resolved_at)
            submission["current_resolution_creator_id"] = self._user_id(approver) if status != "submitted" else None
            times = {"created_at": iso(submitted_at or approved_at or touched), "updated_at": iso(touched)}
            self.tables["timesheet_submissions"].append({"id": submission_id, **submission, **times})
            if submitted_at is None:
                self.links.reference("imported_timesheet", "Submission", submission_id, first, times)
        return newest

    def _submission(self, project: str, resource: str, monday: date, status: str, resolved_at: datetime | None) -> Row:
        currency = self.currency_of(self.projects.get(project))
        return {
            "user_id": vendor_id("resources", resource),
            "workspace_id": vendor_id("projects", project),
            "start_date": monday,
            "end_date": monday + timedelta(days=6),
            "status": _SUBMISSION_STATUS[status],
            "title": f"Week of {monday.isoformat()}",
            "comment": "",
            "line_item_total_in_cents": None,
            "currency": currency,
            "currency_base_unit": base_unit(currency),
            "current_resolution_description": "",
            "current_resolution_created_at_date": iso(resolved_at) if resolved_at else None,
        }

    def _invoices(self) -> None:
        """One invoice per project with time that Kantata says is invoiced."""
        touched: dict[str, str] = {}
        for row in self.tables["time_entries"]:
            if row["invoice_id"]:
                touched[row["invoice_id"]] = max(row["updated_at"], touched.get(row["invoice_id"], ""))
        for number, (invoice_id, updated_at) in enumerate(sorted(touched.items()), 1):
            invoice = {"title": f"Invoice #{number}", "status": "new", "draft": False, "user_invoice_number": number}
            times = {"created_at": iso(EPOCH), "updated_at": updated_at}
            self.tables["invoices"].append({"id": invoice_id, **invoice, **times})

    def _currencies(self) -> None:
        used = {row["currency"] for rows in self.tables.values() for row in rows if row.get("currency")}
        self.tables["currencies"] = [
            {"iso_code": code, "name": code, "symbol": symbol(code), "subunit_to_unit": base_unit(code)}
            for code in sorted(used)
        ]


def _working_days(booking: Assignment) -> int:
    days = (booking.ends_on - booking.starts_on).days + 1
    return sum((booking.starts_on + timedelta(days=n)).weekday() < 5 for n in range(days))
