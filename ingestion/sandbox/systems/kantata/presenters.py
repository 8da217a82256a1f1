"""What each Kantata OX list endpoint filters, orders and includes (developer.kantata.com, one topic per collection)."""

from __future__ import annotations

from ingestion.sandbox.systems.kantata.brainstem import (
    BelongsTo,
    Filter,
    HasMany,
    Listed,
    Presenter,
    Row,
    always,
    equals,
    flag,
    is_true,
    show_also,
)

_BY_CREATION = frozenset({"created_at"})
_BY_TIMES = frozenset({"created_at", "updated_at"})


def _between(column: str, separator: str = ":") -> Filter:
    def keep(row: Row, value: str) -> bool:
        first, _, last = value.partition(separator)
        return bool(row[column]) and first <= str(row[column]) <= (last or first)

    return keep


def _in_active_submission(row: Row, value: str) -> bool:
    return (row["active_submission_id"] is not None) == is_true(value)


# The read schema says pending, this filter says new.
def _statuses(row: Row, value: str) -> bool:
    return row["status"] in {{"new": "pending"}.get(v, v) for v in value.split(",")}


PRESENTERS: dict[str, Presenter] = {
    "roles": Presenter("created_at:asc"),
    "users": Presenter(
        "full_name:asc",
        frozenset({"full_name"}),
        {"by_email_address": equals("email_address")},
        includes={
            "role": BelongsTo("roles", "role_id"),
            "account_membership": BelongsTo("account_memberships", "account_membership_id"),
        },
    ),
    "account_memberships": Presenter(
        "created_at:asc",
        includes={"user": BelongsTo("users", "user_id"), "default_role": BelongsTo("roles", "default_role_id")},
    ),
    "cost_rates": Presenter(
        "created_at:asc", includes={"account_membership": BelongsTo("account_memberships", "account_membership_id")}
    ),
    "workspaces": Presenter(
        "updated_at:desc",
        frozenset({"created_at", "updated_at", "title", "due_date", "start_date"}),
        {
            "include_archived": show_also("archived"),
            "matching": lambda row, value: value.lower() in row["title"].lower(),
        },
        {"include_archived": "false"},
        {
            "primary_maven": BelongsTo("users", "primary_maven_id"),
            "approvers": Listed("users", "approver_ids"),
            "stories": HasMany("stories", "workspace_id", "story_ids"),
            "workspace_resources": HasMany("workspace_resources", "workspace_id", "workspace_resource_ids"),
        },
    ),
    "stories": Presenter(
        "updated_at:desc",
        frozenset({"created_at", "updated_at", "title", "due_date"}),
        {
            "workspace_id": equals("workspace_id"),
            "show_archived": show_also("archived"),
            "show_deleted": show_also("deleted_at"),
            "show_from_archived_workspaces": show_also("_archived_workspace"),
        },
        {"show_archived": "false", "show_deleted": "false", "show_from_archived_workspaces": "false"},
        {
            "workspace": BelongsTo("workspaces", "workspace_id"),
            "parent": BelongsTo("stories", "parent_id"),
            "sub_stories": HasMany("stories", "parent_id", "sub_story_ids"),
        },
    ),
    "workspace_resources": Presenter(
        "updated_at:desc",
        _BY_TIMES,
        {"workspace_id": equals("workspace_id"), "user_id": equals("user_id"), "role_id": equals("role_id")},
        includes={
            "user": BelongsTo("users", "user_id"),
            "role": BelongsTo("roles", "role_id"),
            "workspace": BelongsTo("workspaces", "workspace_id"),
        },
    ),
    "workspace_allocations": Presenter(
        "updated_at:desc",
        frozenset({"updated_at"}),
        {
            "type": lambda row, value: row["hard"] == (value == "hard"),
            "workspace_resource_ids": equals("workspace_resource_id"),
        },
        includes={"workspace_resource": BelongsTo("workspace_resources", "workspace_resource_id")},
    ),
    "billing_milestones": Presenter(
        "created_at:desc",
        _BY_CREATION,
        {
            "date_between": _between("date_to_invoice"),
            "workspace_ids": equals("workspace_id"),
            "story_ids": equals("story_id"),
        },
        includes={"workspace": BelongsTo("workspaces", "workspace_id"), "story": BelongsTo("stories", "story_id")},
    ),
    "estimates": Presenter(
        "name:asc",
        frozenset({"created_at", "name"}),
        {
            "with_workspace_group_ids": equals("workspace_group_id"),
            "matching": lambda row, value: value.lower() in row["name"].lower(),
        },
        includes={"workspace": BelongsTo("workspaces", "workspace_id")},
    ),
    "rate_card_sets": Presenter("created_at:desc"),
    "rate_card_set_versions": Presenter(
        "effective_date:desc",
        frozenset({"effective_date"}),
        {"rate_card_set_id": equals("rate_card_set_id")},
        includes={"rate_card_set": BelongsTo("rate_card_sets", "rate_card_set_id")},
    ),
    "rate_cards": Presenter(
        "created_at:desc",
        _BY_CREATION,
        {"rate_card_set_id": equals("rate_card_set_id")},
        includes={"rate_card_set": BelongsTo("rate_card_sets", "rate_card_set_id")},
    ),
    "rate_card_versions": Presenter(
        "created_at:desc",
        _BY_CREATION,
        {"rate_card_id": equals("rate_card_id"), "rate_card_set_version_id": equals("rate_card_set_version_id")},
        includes={
            "rate_card": BelongsTo("rate_cards", "rate_card_id"),
            "rate_card_set_version": BelongsTo("rate_card_set_versions", "rate_card_set_version_id"),
            "rate_card_roles": HasMany("rate_card_roles", "rate_card_version_id", "rate_card_role_ids"),
        },
    ),
    "rate_card_roles": Presenter(
        "created_at:desc",
        _BY_CREATION,
        {"rate_card_version_id": equals("rate_card_version_id")},
        includes={
            "rate_card_version": BelongsTo("rate_card_versions", "rate_card_version_id"),
            "role": BelongsTo("roles", "role_id"),
        },
    ),
    "external_references": Presenter(
        "last_synced_at:desc",
        frozenset({"created_at", "last_synced_at"}),
        {name: equals(name) for name in ("subject_type", "subject_id", "service_model", "service_model_ref", "status")},
        required=("subject_type",),
    ),
    "custom_field_values": Presenter(
        "created_at:asc",
        frozenset({"created_at", "updated_at", "subject_id"}),
        {"subject_type": equals("subject_type"), "with_subject_id": equals("subject_id")},
        required=("subject_type",),
    ),
    "time_entries": Presenter(
        "date_performed:desc",
        frozenset({"date_performed", "created_at", "updated_at"}),
        {
            "workspace_id": equals("workspace_id"),
            "workspace_ids": equals("workspace_id"),
            "with_user_ids": equals("user_id"),
            "date_performed_between": _between("date_performed"),
            "billable": flag("billable"),
            "approved": always("approved"),
            "invoiced": always("is_invoiced"),
            "uninvoiced": lambda row, _value: not row["is_invoiced"],
            "in_active_submission": _in_active_submission,
            "from_archived_workspaces": show_also("_archived_workspace"),
        },
        {"from_archived_workspaces": "false"},
        {
            "workspace": BelongsTo("workspaces", "workspace_id"),
            "user": BelongsTo("users", "user_id"),
            "story": BelongsTo("stories", "story_id"),
            "role": BelongsTo("roles", "role_id"),
            "active_submission": BelongsTo("timesheet_submissions", "active_submission_id"),
            "recent_submission": BelongsTo("timesheet_submissions", "recent_submission_id"),
            "invoice": BelongsTo("invoices", "invoice_id"),
        },
    ),
    "timesheet_submissions": Presenter(
        "date:desc",
        frozenset({"date"}),
        {"statuses": _statuses, "workspace_ids": equals("workspace_id"), "user_ids": equals("user_id")},
        includes={
            "user": BelongsTo("users", "user_id"),
            "workspace": BelongsTo("workspaces", "workspace_id"),
            "time_entries": HasMany("time_entries", "recent_submission_id", "time_entry_ids"),
        },
    ),
    "invoices": Presenter(
        "created_at:desc", _BY_TIMES, includes={"time_entries": HasMany("time_entries", "invoice_id", "time_entry_ids")}
    ),
    "subscribed_events": Presenter(
        "created_at:desc",
        _BY_CREATION,
        {
            "event_types": equals("event_type"),
            "subject_type": equals("subject_type"),
            "subject_id": equals("subject_id"),
        },
        shows_subject=True,
    ),
}
