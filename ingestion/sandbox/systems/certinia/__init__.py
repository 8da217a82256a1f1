"""Certinia PSA's stand-in: an org in which the package ``pse`` runs, over the facts of a PSA system."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar

from ingestion.sandbox.facts import Fact
from ingestion.sandbox.systems.certinia.agreements import AgreementRecords
from ingestion.sandbox.systems.certinia.catalog import CATALOG
from ingestion.sandbox.systems.certinia.records import ORGANIZATION_ID, Records, practice_id, user_id
from ingestion.sandbox.systems.certinia.time_records import TimeRecords
from ingestion.sandbox.systems.certinia.timecards import Timecard, day_id, split_id, time_date_id, timecards
from ingestion.sandbox.systems.salesforce.ids import record_id
from ingestion.sandbox.systems.salesforce.org import Org, Record
from ingestion.sandbox.world import World

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "System"]

CLIENT_ID = "3MVG9sandboxPsaApp"
CLIENT_SECRET = "sandbox-certinia-secret"
_PREFIXES = {
    "customers": "001",
    "resources": "003",
    "projects": "a1P",
    "assignments": "a1A",
    "milestones": "a1M",
    "progress_reports": "a1G",
    "retainers": "a1U",
    "rate_cards": "a1S",
    "rate_card_lines": "a1J",
}
# Both are budgets.
_BUDGETS = ("contract_lines", "change_orders")


class System(Org):
    """The PSA. ``shares_crm_org`` puts it into the CRM's own org: accounts are then the CRM's records."""

    name: ClassVar[str] = "certinia"
    catalog = CATALOG
    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET
    organization_id = ORGANIZATION_ID
    user_id = user_id("integration")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.shares_crm_org = False
        self._cards: tuple[int, list[Timecard], dict[str, str]] | None = None

    @property
    def timecards(self) -> list[Timecard]:
        """All timecards of the firm as the facts stand."""
        return self._sorted_into_cards()[1]

    def external_id(self, kind: str, fact_id: str) -> str:
        """The id of a record; time is known by its timecard's id and the date."""
        if kind == "time_entries":
            return self._sorted_into_cards()[2].get(fact_id) or record_id("a1H", self.name, fact_id)
        if kind in _BUDGETS:
            return record_id("a1B", self.name, kind, fact_id)
        if kind not in _PREFIXES:
            raise ValueError(f"certinia keeps no {kind}; it knows time_entries, {', '.join((*_BUDGETS, *_PREFIXES))}")
        if kind == "customers" and self.shares_crm_org:
            return self.world.record_id("crm", kind, fact_id) or ""
        return record_id(_PREFIXES[kind], self.name, fact_id)

    def records(self) -> dict[str, list[Record]]:
        return Records(self).tables() | AgreementRecords(self).tables() | TimeRecords(self).tables()

    def living_ids(self) -> Mapping[str, Collection[str]]:
        facts = self.world.facts
        ids = self._ids
        lines = [line.id for card in facts.rate_cards if card.applied for line in card.lines]
        shares = [f"{m.id}/{c}" for m in facts.milestones for c in m.shares]
        cards = self.timecards
        return {
            "Account": ids("customers", facts.customers),
            "Contact": ids("resources", facts.resources) | {record_id("003", self.name, "client")},
            "pse__Practice__c": {practice_id(p.service_line) for p in facts.projects if p.service_line},
            "pse__Proj__c": ids("projects", facts.projects) | {record_id("a1P", self.name, "template")},
            "pse__Assignment__c": ids("assignments", facts.assignments),
            "pse__Schedule__c": {Records.schedule_id(a.id) for a in facts.assignments},
            "pse__Milestone__c": ids("milestones", facts.milestones)
            | {self.external_id("milestones", share) for share in shares},
            "pse__Budget__c": ids("contract_lines", facts.contract_lines) | ids("change_orders", facts.change_orders),
            "Retainer__c": ids("retainers", facts.retainers),
            "Progress_Report__c": ids("progress_reports", facts.progress_reports),
            "pse__Rate_Card_Set__c": ids("rate_cards", [c for c in facts.rate_cards if c.applied]),
            "pse__Rate_Card__c": {record_id("a1R", self.name, line) for line in lines},
            "pse__Rate_Card_Set_Junction__c": {self.external_id("rate_card_lines", line) for line in lines},
            "pse__Timecard_Header__c": {card.id for card in cards},
            "pse__Time_Date__c": {time_date_id(card, entry) for card in cards for entry in card.entries},
            "pse__Timecard__c": {split_id(card, start) for card in cards for start, _, _ in card.splits(card.entries)},
        }

    def _ids(self, kind: str, facts: Iterable[Fact]) -> set[str]:
        return {self.external_id(kind, fact.id) for fact in facts}

    def _sorted_into_cards(self) -> tuple[int, list[Timecard], dict[str, str]]:
        if self._cards is None or self._cards[0] != self.world.version:
            cards = timecards(self.world.facts.time_entries)
            ids = {entry.id: day_id(card, entry) for card in cards for entry in card.entries}
            self._cards = (self.world.version, cards, ids)
        return self._cards
