"""The portal that the stand-in shows: object types, their properties, the deal pipeline, association types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PORTAL_ID = 8675309
PORTAL_CURRENCY = "USD"

BILLING_METHODS = {
    "tm": "time_and_materials",
    "tm_cap": "time_and_materials_capped",
    "fixed_milestone": "fixed_price_milestone",
    "fixed_progress": "fixed_price_progress",
    "retainer": "retainer",
    "subscription": "subscription",
    "cost_plus": "cost_plus",
    "non_billable": "non_billable",
}
COMMITMENT_PERIODS = {"month": "monthly", "quarter": "quarterly", "year": "annually"}
SOW_STATUSES = {"draft": "draft", "active": "signed", "closed": "closed"}
CHANGE_ORDER_STATUSES = {"draft": "draft", "pending": "in_approval", "approved": "approved", "rejected": "rejected"}
SCOPES = {"contract_line": "sow_line", "contract": "statement_of_work", "customer": "company", "standard": "standard"}

PIPELINE = "default"
# fact's stage -> (id, label, closed, probability); stages that an admin added have numbers for ids.
STAGES: dict[str, tuple[str, str, bool, str]] = {
    "prospecting": ("qualifiedtobuy", "Qualified To Buy", False, "0.1"),
    "proposal": ("presentationscheduled", "Proposal Sent", False, "0.5"),
    "negotiation": ("contractsent", "Contract Sent", False, "0.8"),
    "closed_won": ("1042518337", "SOW Signed", True, "1.0"),
    "closed_lost": ("closedlost", "Closed Lost", True, "0.0"),
}


@dataclass(frozen=True)
class ObjectType:
    """One object type: its names, id, the types of its properties, and those that come without being asked for."""

    name: str
    singular: str
    type_id: str
    properties: dict[str, str]
    defaults: tuple[str, ...]

    @property
    def created(self) -> str:
        return "hs_createdate" if self.type_id.startswith("2-") else "createdate"


def _type(name: str, singular: str, type_id: str, properties: dict[str, str], *defaults: str) -> ObjectType:
    created = "hs_createdate" if type_id.startswith("2-") else "createdate"
    modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
    system = {
        created: "datetime",
        modified: "datetime",
        "hs_object_id": "number",
        "hs_merged_object_ids": "enumeration",
    }
    return ObjectType(name, singular, type_id, system | properties, (*defaults, created, modified, "hs_object_id"))


_CURRENCY = {"currency_code": "enumeration"}
CALCULATED = frozenset({"hs_merged_object_ids", "hs_is_closed_won", "effective_value"})
MULTI_LINE = frozenset({"former_names"})
# Type of a property -> the field that shows it, where that is called otherwise.
FIELD_TYPES = {"enumeration": "select", "bool": "booleancheckbox", "datetime": "date", "string": "text"}

CATALOG: dict[str, ObjectType] = {
    t.name: t
    for t in (
        _type("contacts", "contact", "0-1", {"email": "string", "firstname": "string", "lastname": "string"}, "email"),
        _type(
            "companies",
            "company",
            "0-2",
            {
                "name": "string",
                "domain": "string",
                "country": "string",
                "hs_country_code": "string",
                "hs_parent_company_id": "number",
                "hubspot_owner_id": "enumeration",
                "payment_terms_days": "number",
                "tax_id": "string",
                "former_names": "string",
            }
            | _CURRENCY,
            "name",
            "domain",
        ),
        _type(
            "deals",
            "deal",
            "0-3",
            {
                "dealname": "string",
                "dealstage": "enumeration",
                "pipeline": "enumeration",
                "amount": "number",
                "deal_currency_code": "enumeration",
                "closedate": "datetime",
                "hs_is_closed_won": "bool",
                "hubspot_owner_id": "enumeration",
            },
            "dealname",
            "amount",
            "closedate",
            "pipeline",
            "dealstage",
        ),
        _type("tickets", "ticket", "0-5", {"subject": "string"}, "subject"),
        _type("products", "product", "0-7", {"name": "string", "price": "number"}, "name", "price"),
        _type("line_items", "line_item", "0-8", {"name": "string", "amount": "number"}, "amount"),
        _type("quotes", "quote", "0-14", {"hs_title": "string"}, "hs_title"),
        _type(
            "p_statement_of_work",
            "statement_of_work",
            "2-3000001",
            {
                "name": "string",
                "sow_status": "enumeration",
                "signed_date": "date",
                "start_date": "date",
                "end_date": "date",
                "erp_legal_entity_id": "string",
                "po_expiration_date": "date",
                "cap_amount": "number",
            }
            | _CURRENCY,
            "name",
        ),
        _type(
            "p_sow_line",
            "sow_line",
            "2-3000002",
            {
                "name": "string",
                "billing_method": "enumeration",
                "amount": "number",
                "cap_amount": "number",
                "discount_percent": "number",
                "effective_value": "number",
                "erp_billing_calendar_id": "string",
                "passthrough_basis": "enumeration",
                "passthrough_markup_percent": "number",
                "expense_policy": "enumeration",
                "expense_markup_percent": "number",
                "expense_cap_amount": "number",
                "expense_categories": "enumeration",
                "no_charge": "bool",
                "rev_rec_method": "enumeration",
                "estimate_at_completion": "number",
                "start_date": "date",
                "end_date": "date",
                "final_invoice_date": "date",
                "discount_end_date": "date",
                "discount_tiers": "string",
                "tier_mode": "enumeration",
                "uplift_percent": "number",
                "uplift_date": "date",
                "uplift_notice_due_date": "date",
                "uplift_notice_date": "date",
                "minimum_commitment": "number",
                "minimum_commitment_period": "enumeration",
                "retainage_percent": "number",
                "retainage_release_date": "date",
                "overage_rate": "number",
                "late_fee_percent": "number",
                "estimated_hours": "number",
            }
            | _CURRENCY,
            "name",
        ),
        _type("p_rate_card", "rate_card", "2-3000003", {"name": "string", "scope": "enumeration"} | _CURRENCY, "name"),
        _type(
            "p_rate_card_line",
            "rate_card_line",
            "2-3000004",
            {
                "name": "string",
                "role": "string",
                "resource_email": "string",
                "hourly_rate": "number",
                "valid_from": "date",
                "valid_to": "date",
            },
            "name",
        ),
        _type(
            "p_change_order",
            "change_order",
            "2-3000005",
            {
                "name": "string",
                "co_status": "enumeration",
                "requested_date": "date",
                "approved_date": "date",
                "effective_date": "date",
                "amount": "number",
                "cap_change": "number",
                "expiration_date": "date",
            }
            | _CURRENCY,
            "name",
        ),
    )
}

# Category, id and label of a type of association.
AssociationType = tuple[str, int, str | None]
UNLABELLED: AssociationType = ("USER_DEFINED", 1, None)
# Labels between a card and a line; the inverse has a name of its own.
AGREED_RATES: dict[tuple[str, str], AssociationType] = {
    ("p_sow_line", "p_rate_card"): ("USER_DEFINED", 31, "Agreed rates"),
    ("p_rate_card", "p_sow_line"): ("USER_DEFINED", 32, "Agreed rates of"),
}
APPLIES_TO: dict[tuple[str, str], AssociationType] = {
    ("p_rate_card", "p_sow_line"): ("USER_DEFINED", 33, "Applies to"),
    ("p_sow_line", "p_rate_card"): ("USER_DEFINED", 34, "Scope of"),
}


def property_types(object_type: ObjectType, records: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Property types as the portal has them now: a property that an admin replaced goes by its new name alone."""
    present: set[str] = set()
    for record in records:
        present.update(record["properties"])
    if not present:
        return dict(object_type.properties)
    kept = {name: kind for name, kind in object_type.properties.items() if name in present}
    return kept | dict.fromkeys(sorted(present - kept.keys()), "string")


def describe_property(object_type: ObjectType, name: str, kind: str) -> dict[str, Any]:
    """The definition of a property as ``/crm/v3/properties/{objectType}`` gives it."""
    is_standard = name.startswith("hs_") or not object_type.type_id.startswith("2-")
    return {
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": "textarea" if name in MULTI_LINE else FIELD_TYPES.get(kind, kind),
        "description": "",
        "groupName": f"{object_type.singular}information",
        "options": [],
        "displayOrder": -1,
        "calculated": name in CALCULATED,
        "externalOptions": False,
        "hasUniqueValue": name == "hs_object_id",
        "hidden": False,
        "hubspotDefined": is_standard,
        "modificationMetadata": {
            "archivable": not is_standard,
            "readOnlyDefinition": is_standard,
            "readOnlyValue": False,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }


def pipeline() -> dict[str, Any]:
    """The deal pipeline; values of a stage's metadata are texts, and a default pipeline was created in 1970."""
    epoch = "1970-01-01T00:00:00Z"
    return {
        "id": PIPELINE,
        "label": "Sales Pipeline",
        "displayOrder": 0,
        "archived": False,
        "createdAt": epoch,
        "updatedAt": epoch,
        "stages": [
            {
                "id": stage_id,
                "label": label,
                "displayOrder": order,
                "metadata": {"isClosed": str(is_closed).lower(), "probability": probability},
                "createdAt": epoch,
                "updatedAt": epoch,
                "archived": False,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for order, (stage_id, label, is_closed, probability) in enumerate(STAGES.values())
        ],
    }


def account() -> dict[str, Any]:
    """The answer of the account information API."""
    return {
        "portalId": PORTAL_ID,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": PORTAL_CURRENCY,
        "additionalCurrencies": ["EUR", "GBP"],
        "utcOffset": "-04:00",
        "utcOffsetMilliseconds": -14_400_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
