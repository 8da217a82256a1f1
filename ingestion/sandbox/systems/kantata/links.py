"""Custom field values and external references: what the firm keeps in Kantata OX without a field of its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ingestion.sandbox.systems.kantata.values import subunits, symbol, vendor_id
from ingestion.sandbox.world import World
from ingestion.sources.kantata.settings import PURPOSES

_CRM_KINDS = {
    "contract_line": "contract_lines",
    "contract": "contracts",
    "customer": "customers",
    "change_order": "change_orders",
}


class Links:
    """Collects the values and references while the records are built. ``times`` are those of the record they are on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.values: list[dict[str, Any]] = []
        self._references: dict[str, dict[str, Any]] = {}
        self._emails = {person.id: person.email for person in world.facts.resources}

    @property
    def references(self) -> list[dict[str, Any]]:
        return list(self._references.values())

    def email(self, person: str) -> str:
        """The e-mail address of a person of the firm, or the text itself."""
        return self._emails.get(person, person)

    def text(self, purpose: str, subject_type: str, subject_id: str, value: str | None, times: dict[str, Any]) -> None:
        """A text; none at all when there is nothing to say."""
        if value is not None:
            self._value(purpose, subject_type, subject_id, value, value, "string", times)

    def day(self, purpose: str, subject_type: str, subject_id: str, value: date | None, times: dict[str, Any]) -> None:
        """A date; none at all when there is none. ``display_value`` is written for people."""
        if value is not None:
            shown = f"{value:%m/%d/%Y}"
            self._value(purpose, subject_type, subject_id, value.isoformat(), shown, "date", times)

    def money(
        self,
        purpose: str,
        subject_type: str,
        subject_id: str,
        amount: Decimal | None,
        currency: str,
        times: dict[str, Any],
    ) -> None:
        """An amount of a currency: ``value`` is whole subunits and the code; none at all when there is no amount."""
        if amount is not None:
            shown = f"{symbol(currency)}{amount:,}"
            value = [subunits(amount, currency), currency]
            self._value(purpose, subject_type, subject_id, value, shown, "currency", times)

    def choice(
        self, purpose: str, subject_type: str, subject_id: str, label: str | None, times: dict[str, Any]
    ) -> None:
        """A single choice: ``value`` lists ids of choices, ``display_value`` is the label; none at all without one."""
        if label is not None:
            choice_id = vendor_id("custom_field_choices", f"{purpose}/{label}")
            self._value(purpose, subject_type, subject_id, [choice_id], label, "single", times)

    def _value(
        self, purpose: str, subject_type: str, subject_id: str, value: Any, shown: str, kind: str, times: dict[str, Any]
    ) -> None:
        self.values.append(
            {
                "id": vendor_id("custom_field_values", f"{subject_type}/{subject_id}/{purpose}"),
                "subject_type": subject_type,
                "subject_id": int(subject_id),
                "custom_field_id": vendor_id("custom_fields", purpose),
                "custom_field_name": PURPOSES[purpose].name,
                "type": kind,
                "value": value,
                "display_value": shown,
                "account_id": 1,
                "setter_id": None,
                **times,
            }
        )

    @property
    def crm_name(self) -> str:
        return self._world.systems.get("crm", "crm")

    def crm_id(self, purpose: str, fact_id: str | None) -> str | None:
        """The CRM's id of a contract line, contract, customer or change order."""
        return self._world.ref("crm", _CRM_KINDS[purpose], fact_id)

    def crm(self, purpose: str, subject_type: str, subject_id: str, fact_id: str | None, times: dict[str, Any]) -> None:
        """A reference to a record of the CRM; none at all when the CRM has no such record."""
        if ref := self.crm_id(purpose, fact_id):
            self.reference(purpose, subject_type, subject_id, ref, times, service=self.crm_name)

    def reference(
        self,
        purpose: str,
        subject_type: str,
        subject_id: str,
        ref: str | None,
        times: dict[str, Any],
        *,
        service: str = "finance",
        message: str | None = None,
    ) -> None:
        """An external reference; without ``ref`` the integration has not filled it in yet."""
        reference_id = vendor_id("external_references", f"{subject_type}/{subject_id}/{purpose}")
        self._references[reference_id] = {
            "id": reference_id,
            "subject_type": subject_type,
            "subject_id": int(subject_id),
            "service_name": service,
            "service_model": PURPOSES[purpose].name,
            "service_model_ref": ref,
            "status": "successful" if ref else "pending",
            "external_status": None,
            "external_message": message,
            "external_link": None,
            "locked": False,
            "last_synced_at": times["updated_at"],
            **times,
        }
