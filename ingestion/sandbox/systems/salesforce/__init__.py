"""Salesforce's stand-in: an org with multi-currency, and custom objects for what the platform has none of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from ingestion.sandbox.systems.salesforce.catalog import CATALOG
from ingestion.sandbox.systems.salesforce.ids import record_id
from ingestion.sandbox.systems.salesforce.org import DAILY_REQUESTS, Org, Record
from ingestion.sandbox.systems.salesforce.records import OBJECT_OF_KIND, ORGANIZATION_ID, OWNER_ID, Records

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "DAILY_REQUESTS", "System"]

CLIENT_ID = "3MVG9sandboxConnectedApp"
CLIENT_SECRET = "sandbox-salesforce-secret"


class System(Org):
    """The CRM."""

    name: ClassVar[str] = "salesforce"
    catalog = CATALOG
    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET
    organization_id = ORGANIZATION_ID
    user_id = OWNER_ID

    def external_id(self, kind: str, fact_id: str) -> str:
        if kind not in OBJECT_OF_KIND:
            raise ValueError(f"salesforce keeps no {kind}; it knows {', '.join(OBJECT_OF_KIND)}")
        return record_id(CATALOG[OBJECT_OF_KIND[kind]].prefix, fact_id)

    def records(self) -> dict[str, list[Record]]:
        return Records(self).tables()

    def living_ids(self) -> Mapping[str, Collection[str]]:
        facts = self.world.facts
        cards = [card for card in facts.rate_cards if card.agreed]
        living = {kind: {f.id for f in getattr(facts, kind)} for kind in OBJECT_OF_KIND if kind != "rate_card_lines"}
        living["rate_cards"] = {card.id for card in cards}
        living["rate_card_lines"] = {line.id for card in cards for line in card.lines}
        return {OBJECT_OF_KIND[kind]: {self.external_id(kind, i) for i in ids} for kind, ids in living.items()}
