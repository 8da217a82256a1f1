"""The typed columns of each raw Kantata OX object.

Ids are text. Money is whole subunits of a currency (``*_in_cents``, ``rate``, ``default_rate``); how many make one
unit is ``currency_base_unit`` of the record or ``subunit_to_unit`` of the currency, and not always 100.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.raw import RawObject
from ingestion.sources.kantata.settings import EVENT_OVERLAP

_TIMES = {"created_at": "timestamp", "updated_at": "timestamp"}


def _snapshot(name: str, columns: Mapping[str, str], key: str = "id") -> RawObject:
    """An object that is read whole each time: the API offers no reliable cursor, or the set is small."""
    return RawObject(name, (key,), {key: "text", **columns}, snapshot=True)


def _changing(name: str, columns: Mapping[str, str]) -> RawObject:
    """An object that is read by ``updated_at``."""
    return RawObject(name, ("id",), {"id": "text", **columns, **_TIMES}, cursor="updated_at", overlap=EVENT_OVERLAP)


_OBJECTS = (
    _snapshot(
        "field_purposes", {"purpose": "text", "kind": "text", "subject_type": "text", "name": "text"}, key="purpose_key"
    ),
    _snapshot("currencies", {"name": "text", "symbol": "text", "subunit_to_unit": "bigint"}, key="iso_code"),
    # What happened to records of any kind: kept for nine days, never changed, delivered twice now and then.
    RawObject(
        "subscribed_events",
        ("id",),
        {
            "id": "text",
            "event_type": "text",
            "subject_type": "text",
            "subject_id": "bigint",
            "subject_changed_at": "timestamp",
            "user_id": "bigint",
            **_TIMES,
        },
        cursor="created_at",
        overlap=EVENT_OVERLAP,
    ),
    _snapshot("roles", {"name": "text", "deleted_at": "timestamp", **_TIMES}),
    _snapshot(
        "users",
        {
            "full_name": "text",
            "email_address": "text",
            "disabled": "bool",
            "account_membership_id": "text",
            "role_id": "text",
            **_TIMES,
        },
    ),
    _snapshot(
        "account_memberships",
        {
            "user_id": "text",
            "default_role_id": "text",
            "manager_id": "text",
            "bill_rate_in_cents": "bigint",
            "cost_rate_in_cents": "bigint",
            "billability_target": "json",
            "disabled_at": "timestamp",
            **_TIMES,
        },
    ),
    _snapshot(
        "cost_rates",
        {"account_membership_id": "text", "amount_in_subunits": "bigint", "currency": "text", **_TIMES},
    ),
    _changing(
        "workspaces",
        {
            "title": "text",
            "description": "text",
            "archived": "bool",
            "start_date": "date",
            "due_date": "date",
            "price_in_cents": "bigint",
            "currency": "text",
            "currency_base_unit": "bigint",
            "status.key": "json",
            "status.message": "text",
            "budgeted": "bool",
            "change_orders_enabled": "bool",
            "require_time_approvals": "bool",
            "rate_card_id": "json",
            "creator_id": "text",
            "primary_maven_id": "text",
            "approver_ids": "json",
        },
    ),
    _snapshot(
        "external_references",
        {
            "subject_type": "text",
            "subject_id": "bigint",
            "service_name": "text",
            "service_model": "text",
            "service_model_ref": "text",
            "status": "text",
            "external_status": "text",
            "external_message": "text",
            "external_link": "text",
            "locked": "bool",
            "last_synced_at": "timestamp",
            **_TIMES,
        },
    ),
    _snapshot(
        "custom_field_values",
        {
            "subject_type": "text",
            "subject_id": "bigint",
            "custom_field_id": "text",
            "custom_field_name": "text",
            "type": "text",
            "value": "json",
            "display_value": "text",
            "account_id": "bigint",
            "setter_id": "text",
            **_TIMES,
        },
    ),
    _changing(
        "stories",
        {
            "workspace_id": "text",
            "parent_id": "text",
            "title": "text",
            "story_type": "text",
            "state": "text",
            "start_date": "date",
            "due_date": "date",
            "billable": "bool",
            "fixed_fee": "bool",
            "percentage_complete": "decimal(9,4)",
            "archived": "bool",
            "deleted_at": "timestamp",
        },
    ),
    _changing(
        "workspace_resources",
        {"workspace_id": "text", "user_id": "text", "role_id": "text", "label": "text", "participation_id": "text"},
    ),
    _changing(
        "workspace_allocations",
        {
            "workspace_resource_id": "text",
            "start_date": "date",
            "end_date": "date",
            "minutes": "bigint",
            "hard": "bool",
            "notes": "text",
        },
    ),
    _snapshot(
        "billing_milestones",
        {
            "title": "text",
            "amount_in_cents": "bigint",
            "currency": "text",
            "billing_type": "text",
            "date_to_invoice": "date",
            "workspace_id": "text",
            "story_id": "text",
            "invoice_id": "text",
            **_TIMES,
        },
    ),
    _snapshot(
        "estimates",
        {
            "name": "text",
            "currency": "text",
            "is_locked": "bool",
            "workspace_id": "text",
            "workspace_group_id": "text",
            "favorite_scenario_id": "text",
            **_TIMES,
        },
    ),
    _snapshot("rate_card_sets", {"title": "text", "account_default": "bool", **_TIMES}),
    _snapshot(
        "rate_card_set_versions",
        {"rate_card_set_id": "text", "effective_date": "date", "active": "bool", "used_currencies": "json", **_TIMES},
    ),
    _snapshot("rate_cards", {"rate_card_set_id": "text", "currency": "text", **_TIMES}),
    _snapshot(
        "rate_card_versions",
        {"rate_card_id": "text", "rate_card_set_version_id": "text", "default_rate": "bigint", **_TIMES},
    ),
    _snapshot("rate_card_roles", {"rate_card_version_id": "text", "role_id": "text", "rate": "bigint", **_TIMES}),
    # Before the submissions: every submission that an entry names then exists when they are read.
    _changing(
        "time_entries",
        {
            "date_performed": "date",
            "time_in_minutes": "bigint",
            "billable": "bool",
            "approved": "bool",
            "is_invoiced": "bool",
            "taxable": "bool",
            "notes": "text",
            "location": "text",
            "rate_in_cents": "bigint",
            "cost_rate_in_cents": "bigint",
            "currency": "text",
            "currency_base_unit": "bigint",
            "currency_symbol": "text",
            "workspace_id": "text",
            "user_id": "text",
            "story_id": "text",
            "role_id": "text",
            "active_submission_id": "text",
            "recent_submission_id": "text",
            "invoice_id": "text",
        },
    ),
    _changing(
        "timesheet_submissions",
        {
            "user_id": "text",
            "workspace_id": "text",
            "start_date": "date",
            "end_date": "date",
            "status": "text",
            "title": "text",
            "comment": "text",
            "line_item_total_in_cents": "bigint",
            "currency": "text",
            "currency_base_unit": "bigint",
            "current_resolution_description": "text",
            "current_resolution_creator_id": "json",
            "current_resolution_created_at_date": "timestamp",
        },
    ),
)

OBJECTS: dict[str, RawObject] = {obj.name: obj for obj in _OBJECTS}
