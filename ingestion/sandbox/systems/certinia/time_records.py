"""Time as Certinia PSA keeps it: weekly timecards, their days, and the splits that carry the billing state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from ingestion.sandbox.facts import Assignment, Project, TimeEntry
from ingestion.sandbox.systems.certinia import catalog
from ingestion.sandbox.systems.certinia.money import Currencies, rate
from ingestion.sandbox.systems.certinia.records import user_id
from ingestion.sandbox.systems.certinia.timecards import Timecard, split_id, time_date_id
from ingestion.sandbox.systems.salesforce.org import OrgRecords, Record
from ingestion.sandbox.systems.salesforce.values import day, moment, number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.certinia import System

_CENT = Decimal("0.01")


class TimeRecords(OrgRecords):
    """Builds the tables of time of ``system`` from its timecards, as far as it has heard of them."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self.cards = system.timecards
        self.currencies = Currencies(system.world.facts)
        self.roles = {r.id: r.role for r in system.world.facts.resources}
        self.known = {id(entry) for entry in system.facts("time_entries")}

    def tables(self) -> dict[str, list[Record]]:
        headers: list[Record] = []
        dates: list[Record] = []
        splits: list[Record] = []
        for card in self.cards:
            heard = [entry for entry in card.entries if id(entry) in self.known]
            living = [entry for entry in heard if not self.is_deleted(entry)]
            if not heard:
                continue
            base = self.audit(card, deleted=not living)
            # What was deleted from a timecard leaves its days; a timecard that was deleted keeps them.
            entries = living or heard
            headers.append(self.header(card, entries, base))
            dates += [self.time_date(card, entry, base) for entry in heard]
            splits += self.splits(card, entries, base)
        return {"pse__Timecard_Header__c": headers, "pse__Time_Date__c": dates, "pse__Timecard__c": splits}

    def audit(self, card: Timecard, *, deleted: bool) -> Record:
        """Stamps move with every day that was entered together: one that left for another timecard changed this one."""
        heard = [entry for entry in card.siblings if id(entry) in self.known]
        stamp = max(self.changed(entry) for entry in heard)
        return {
            "IsDeleted": deleted,
            "CreatedDate": moment(min(card.first.created_at or stamp, stamp)),
            "LastModifiedDate": moment(stamp),
            "SystemModstamp": moment(stamp),
        }

    def changed(self, entry: TimeEntry) -> datetime:
        return max(m for m in (self.system.touched(entry), self.deletion(entry)) if m is not None)

    def header(self, card: Timecard, entries: list[TimeEntry], base: Record) -> Record:
        first = card.first
        approved = first.status == "approved"
        days: Record = {f"pse__{name}_{kind}__c": None for name in catalog.WEEKDAYS for kind in ("Hours", "Notes")}
        for entry in entries:
            name = catalog.WEEKDAYS[entry.work_date.weekday()]
            days[f"pse__{name}_Hours__c"] = number(_short(entry.hours))
            days[f"pse__{name}_Notes__c"] = entry.note or None
        return (
            base
            | {
                "Id": card.id,
                "Name": f"TCH-{card.starts_on:%m-%d-%Y}-{card.id[9:15]}",
                "pse__Project__c": self.id_of("projects", first.project),
                "pse__Resource__c": self.id_of("resources", first.resource),
                "pse__Assignment__c": self.id_of("assignments", self.booking(first)),
                "pse__Milestone__c": None,
                "pse__Approver__c": user_id(first.approver) if first.approver else None,
                "pse__Start_Date__c": day(card.starts_on),
                "pse__End_Date__c": day(card.starts_on + timedelta(days=6)),
                "pse__Status__c": catalog.STATUSES[first.status],
                "pse__Submitted__c": first.status in ("submitted", "approved"),
                "pse__Approved__c": approved,
                "pse__Include_In_Financials__c": approved,
                "pse__Billable__c": first.is_billable,
                "pse__Exclude_from_Billing__c": False,
                "pse__Bill_Rate__c": rate(first.applied_rate),
                "pse__Daily_Bill_Rate__c": False,
                "pse__Total_Hours__c": number(sum(_short(e.hours) for e in entries)),
                "pse__Total_Billable_Amount__c": number(_amount(entries)),
                "Date_Submitted__c": moment(first.submitted_at) if first.submitted_at else None,
                "Approved_Date__c": moment(first.approved_at) if first.approved_at else None,
                "Role__c": first.role or self.roles.get(first.resource),
                "Task__c": first.task,
                "CRM_Change_Order_Id__c": self.system.world.ref("crm", "change_orders", first.change_order),
                "CurrencyIsoCode": self.currencies.of(first.project),
            }
            | days
        )

    def time_date(self, card: Timecard, entry: TimeEntry, base: Record) -> Record:
        """One day; what the seven fields of the timecard cannot say stands in the firm's own fields."""
        short = _short(entry.hours)
        fewer = entry.billable_hours is not None and entry.billable_hours != entry.hours
        return base | {
            "Id": time_date_id(card, entry),
            "IsDeleted": self.is_deleted(entry),
            "Name": f"TD-{card.id[9:15]}-{entry.work_date.weekday()}",
            "pse__Timecard__c": card.id,
            "pse__Date__c": day(entry.work_date),
            "pse__Day_Of_Week__c": catalog.WEEKDAYS[entry.work_date.weekday()],
            "pse__Hours__c": number(short),
            "Exact_Hours__c": number(entry.hours) if short != entry.hours else None,
            "Billable_Hours__c": number(entry.billable_hours) if fewer else None,
            "Submitted_Billable_Hours__c": number(entry.submitted_billable_hours),
            "Writedown_Reason__c": entry.writedown_reason,
        }

    def splits(self, card: Timecard, entries: list[TimeEntry], base: Record) -> Iterable[Record]:
        """One per month that the week reaches into; a week within one month has one."""
        for starts_on, ends_on, members in card.splits(entries):
            first = members[0]
            billed, hold = first.is_marked_billed, first.hold
            yield base | {
                "Id": split_id(card, starts_on),
                "Name": f"TC-{card.starts_on:%m-%d-%Y}-{card.id[9:15]}-{starts_on.month}",
                "pse__Timecard_Header__c": card.id,
                "pse__Start_Date__c": day(starts_on),
                "pse__End_Date__c": day(ends_on),
                "pse__Total_Hours__c": number(sum(_short(e.hours) for e in members)),
                "pse__Total_Billable_Amount__c": number(_amount(members)),
                "pse__Approved_for_Billing__c": first.status == "approved",
                "pse__Exclude_from_Billing__c": False,
                "pse__Billing_Hold__c": hold is not None,
                "pse__Billed__c": billed,
                "pse__Bill_Date__c": base["SystemModstamp"][:10] if billed else None,
                "pse__Invoiced__c": False,
                "pse__Invoice_Date__c": None,
                "pse__Invoice_Number__c": None,
                "pse__Billing_Event_Item__c": None,
                "pse__Eligible_for_Billing__c": "Yes" if self.is_eligible(first) else "No",
                "Billing_Hold_Reason__c": hold.reason if hold else None,
                "Billing_Hold_From__c": day(hold.placed_on) if hold else None,
                "Billing_Hold_Until__c": day(hold.expires_on) if hold else None,
                "CurrencyIsoCode": self.currencies.of(first.project),
            }

    def is_eligible(self, entry: TimeEntry) -> bool:
        """The package's formula; it looks at the project too, so it changes while no record of the split does."""
        project = self.projects.get(entry.project)
        has_customer = project is not None and project.customer is not None
        approved = entry.status == "approved" and entry.is_billable
        return approved and not entry.is_marked_billed and entry.hold is None and has_customer

    def booking(self, entry: TimeEntry) -> str | None:
        """The booking that the work is part of."""
        found = (
            b.id
            for b in self.bookings[entry.project, entry.resource]
            if b.starts_on <= entry.work_date <= b.ends_on and not self.is_deleted(b)
        )
        return next(found, None)

    @cached_property
    def bookings(self) -> defaultdict[tuple[str, str], list[Assignment]]:
        found: defaultdict[tuple[str, str], list[Assignment]] = defaultdict(list)
        for booking in sorted(self.system.facts("assignments"), key=lambda b: b.id):
            found[booking.project, booking.resource].append(booking)
        return found

    @cached_property
    def projects(self) -> dict[str, Project]:
        return {p.id: p for p in self.system.world.facts.projects}


def _short(hours: Decimal) -> Decimal:
    """Hours as a number(4,2) field holds them."""
    return hours.quantize(_CENT, ROUND_HALF_UP)


def _amount(entries: Iterable[TimeEntry]) -> Decimal:
    """Hours times rate of billable time, in whole cents."""
    amounts = ((e.hours * (e.applied_rate or 0)).quantize(_CENT, ROUND_HALF_UP) for e in entries if e.is_billable)
    return sum(amounts, Decimal(0))
