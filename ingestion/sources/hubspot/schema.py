"""The raw objects of HubSpot with their declared fields, in the API's own names.

Every property value is text at HubSpot: money is exact decimal in the record's currency property, percentages are in
percent, ``date`` properties are calendar days, datetimes are UTC, booleans stay the texts ``true`` and ``false``.
``archived`` is a column: a record in the recycle bin stays, flagged.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.raw import RawObject

_MONEY, _RATE, _PERCENT, _HOURS = "decimal(18,4)", "decimal(18,6)", "decimal(9,4)", "decimal(9,4)"
_CURRENCY = {"currency_code": "text"}


def _object(name: str, properties: dict[str, str]) -> RawObject:
    envelope = {"id": "text", "createdAt": "timestamp", "updatedAt": "timestamp", "archived": "bool"}
    return RawObject(
        name=name,
        key=("id",),
        columns=envelope | {"archivedAt": "timestamp"} | {f"properties.{p}": kind for p, kind in properties.items()},
        cursor="updatedAt",
        # The search index, which knows what changed, runs minutes behind the records at busy times.
        overlap=timedelta(minutes=15),
        # Addresses, traces of writing, and the properties that repeat the envelope.
        transport=frozenset(
            {"url", "objectWriteTraceId", "hs_object_id", "hs_lastmodifieddate", "hs_createdate", "createdate"}
        ),
    )


OBJECTS: dict[str, RawObject] = {
    o.name: o
    for o in (
        RawObject(
            name="account",
            key=("portalId",),
            columns={"portalId": "bigint", "companyCurrency": "text", "timeZone": "text", "accountType": "text"},
            snapshot=True,
        ),
        RawObject(
            name="deal_stage",
            key=("pipelineId", "id"),
            columns={
                "pipelineId": "text",
                "pipelineLabel": "text",
                "id": "text",
                "label": "text",
                "displayOrder": "bigint",
                "archived": "bool",
                "metadata.isClosed": "text",
                "metadata.probability": _PERCENT,
                "createdAt": "timestamp",
                "updatedAt": "timestamp",
            },
            snapshot=True,
        ),
        _object(
            "company",
            {
                "name": "text",
                "domain": "text",
                "country": "text",
                "hs_country_code": "text",
                "hs_parent_company_id": "text",
                "hubspot_owner_id": "text",
                "payment_terms_days": "decimal(9,0)",
                "tax_id": "text",
                "former_names": "text",
            }
            | _CURRENCY,
        ),
        # Ids that merged records had before. A merge cannot be undone, so none of them is ever gone.
        RawObject(name="company_alias", key=("id",), columns={"id": "text", "companyId": "text"}),
        _object(
            "deal",
            {
                "dealname": "text",
                "dealstage": "text",
                "pipeline": "text",
                "amount": _MONEY,
                "deal_currency_code": "text",
                "closedate": "timestamp",
                "hubspot_owner_id": "text",
            },
        ),
        # What a deal has been through stays true: history is only added to, whatever a later answer leaves out.
        RawObject(
            name="deal_stage_history",
            key=("dealId", "enteredAt", "stageId"),
            columns={
                "dealId": "text",
                "enteredAt": "timestamp",
                "stageId": "text",
                "sourceType": "text",
                "sourceId": "text",
            },
            cursor="enteredAt",
            overlap=timedelta(minutes=15),
        ),
        _object(
            "statement_of_work",
            {
                "name": "text",
                "sow_status": "text",
                "signed_date": "date",
                "start_date": "date",
                "end_date": "date",
                "erp_legal_entity_id": "text",
                "po_expiration_date": "date",
                "cap_amount": _MONEY,
            }
            | _CURRENCY,
        ),
        _object(
            "sow_line",
            {
                "name": "text",
                "billing_method": "text",
                "amount": _MONEY,
                "cap_amount": _MONEY,
                "discount_percent": _PERCENT,
                "erp_billing_calendar_id": "text",
                "passthrough_basis": "text",
                "passthrough_markup_percent": _PERCENT,
                "expense_policy": "text",
                "expense_markup_percent": _PERCENT,
                "expense_cap_amount": _MONEY,
                "expense_categories": "text",
                "no_charge": "text",
                "rev_rec_method": "text",
                "estimate_at_completion": _MONEY,
                "start_date": "date",
                "end_date": "date",
                "final_invoice_date": "date",
                "discount_end_date": "date",
                "discount_tiers": "text",
                "tier_mode": "text",
                "uplift_percent": _PERCENT,
                "uplift_date": "date",
                "uplift_notice_due_date": "date",
                "uplift_notice_date": "date",
                "minimum_commitment": _MONEY,
                "minimum_commitment_period": "text",
                "retainage_percent": _PERCENT,
                "retainage_release_date": "date",
                "overage_rate": _RATE,
                "late_fee_percent": _PERCENT,
                "estimated_hours": _HOURS,
            }
            | _CURRENCY,
        ),
        _object("rate_card", {"name": "text", "scope": "text"} | _CURRENCY),
        _object(
            "rate_card_line",
            {
                "name": "text",
                "role": "text",
                "resource_email": "text",
                "hourly_rate": _RATE,
                "valid_from": "date",
                "valid_to": "date",
            },
        ),
        _object(
            "change_order",
            {
                "name": "text",
                "co_status": "text",
                "requested_date": "date",
                "approved_date": "date",
                "effective_date": "date",
                "amount": _MONEY,
                "cap_change": _MONEY,
                "expiration_date": "date",
            }
            | _CURRENCY,
        ),
        # Read last and whole: making or breaking an association does not touch the modification date of either record.
        RawObject(
            name="association",
            key=("fromType", "fromId", "toType", "toId", "category", "typeId"),
            columns={
                "fromType": "text",
                "fromId": "text",
                "toType": "text",
                "toId": "text",
                "category": "text",
                "typeId": "bigint",
                "label": "text",
            },
            snapshot=True,
        ),
    )
}

# Without these a verdict would silently be wrong, so a load stops when the app cannot see one of them. Every other
# declared property that a portal lacks is loaded as NULL.
ESSENTIAL: dict[str, frozenset[str]] = {
    "company": frozenset({"name"}),
    "deal": frozenset({"dealstage", "amount"}),
    "statement_of_work": frozenset({"sow_status"}),
    "sow_line": frozenset({"billing_method", "amount"}),
    "rate_card": frozenset({"scope"}),
    "rate_card_line": frozenset({"hourly_rate"}),
    "change_order": frozenset({"co_status", "amount"}),
}
