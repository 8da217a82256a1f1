"""How each Kantata OX collection is read, and what this firm calls the things that Kantata has no object for.

Facts about the API come from Kantata's published contract (developer.kantata.com, one topic per collection).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

SYSTEM = "kantata"
BASE_URL = "https://api.mavenlink.com/api/v1"
TOKEN_URL = "https://app.mavenlink.com/oauth/token"

# The server caps per_page at this without saying so; how many pages there are is known from meta.page_count alone.
PAGE_SIZE = 200
# A list that changes while it is paged can skip a record; the whole list is then read again, this often.
MAX_READINGS = 4
# Subscribed Events: nine days are kept; half a day is left for a run that takes its time.
EVENT_RETENTION = timedelta(days=8, hours=12)
# Events appear minutes after the change and out of order.
EVENT_OVERLAP = timedelta(minutes=60)


@dataclass(frozen=True)
class Collection:
    """One list endpoint. ``params`` are sent with every request.

    ``backfill_order`` is stable while records change, ``changes_order`` follows the cursor; None leaves the server's
    own order where the endpoint offers no better one. ``deleted_event`` is the Subscribed Events type of a hard delete.
    ``expected_field`` vanishes from all records when the token's user may not see finances.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    backfill_order: str | None = "created_at:asc"
    changes_order: str | None = "updated_at:asc"
    deleted_event: str | None = None
    expected_field: str | None = None


COLLECTIONS: dict[str, Collection] = {
    "roles": Collection(),
    "users": Collection({"include": "account_membership,role"}, backfill_order=None),
    "account_memberships": Collection({"include": "user,default_role"}, backfill_order=None),
    "cost_rates": Collection({"include": "account_membership"}),
    "workspaces": Collection(
        {"include": "primary_maven,approvers", "include_archived": "true"},
        deleted_event="workspace:deleted",
        expected_field="price_in_cents",
    ),
    "stories": Collection(
        {
            "include": "workspace,parent",
            "show_archived": "true",
            "show_deleted": "true",
            "show_from_archived_workspaces": "true",
        },
        deleted_event="story:deleted",
    ),
    "workspace_resources": Collection(
        {"include": "user,role,workspace", "include_unnamed": "true"}, deleted_event="workspace_resource:deleted"
    ),
    "workspace_allocations": Collection(
        {"include": "workspace_resource"},
        backfill_order="updated_at:asc",
        deleted_event="workspace_allocation:deleted",
    ),
    "billing_milestones": Collection({"include": "workspace,story,invoice"}, expected_field="amount_in_cents"),
    "estimates": Collection({"include": "workspace,workspace_group"}),
    "rate_card_sets": Collection(),
    "rate_card_set_versions": Collection({"include": "rate_card_set"}, backfill_order=None),
    "rate_cards": Collection({"include": "rate_card_set"}, backfill_order=None),
    "rate_card_versions": Collection({"include": "rate_card,rate_card_set_version"}),
    "rate_card_roles": Collection({"include": "rate_card_version,role"}),
    "time_entries": Collection(
        {
            "include": "workspace,user,story,role,active_submission,recent_submission,invoice",
            "from_archived_workspaces": "true",
        },
        deleted_event="time_entry:deleted",
        expected_field="rate_in_cents",
    ),
    "timesheet_submissions": Collection(
        {"include": "user,workspace"}, backfill_order="date:asc", changes_order="date:asc"
    ),
}

# Approvals and invoices decide ``approved`` and ``is_invoiced`` of a time entry; whether its own updated_at moves
# with them is not documented. The entries of what changed there are therefore read with it.
TIME_ENTRY_OWNERS = ("timesheet_submissions", "invoices")


@dataclass(frozen=True)
class Purpose:
    """A business attribute that lives in a custom field or an external reference of these subject types."""

    kind: str
    name: str
    subject_types: tuple[str, ...]


# Kantata has custom fields on estimates, projects, people and tasks, and none on time entries, submissions, roles, rate
# cards and billing milestones: what the firm keeps about those is an external reference on them. An estimate that the
# integration with the CRM keeps stands for a contract line, a change order or prepaid hours, as agreement_type says.
PURPOSES: dict[str, Purpose] = {
    "project_code": Purpose("custom_field", "Project Code", ("Workspace",)),
    "project_type": Purpose("custom_field", "Project Type", ("Workspace",)),
    "service_line": Purpose("custom_field", "Service Line", ("Workspace",)),
    "excluded_from_billing": Purpose("custom_field", "Exclude from Billing", ("Workspace",)),
    "merged_into": Purpose("custom_field", "Merged Into Project ID", ("Workspace",)),
    "parent": Purpose("custom_field", "Parent Project ID", ("Workspace",)),
    "employment_type": Purpose("custom_field", "Employment Type", ("User",)),
    "email_aliases": Purpose("custom_field", "E-mail Aliases", ("User",)),
    "legal_entity": Purpose("custom_field", "Legal Entity ID", ("User",)),
    "accepted_on": Purpose("custom_field", "Client Accepted On", ("Story",)),
    "deemed_on": Purpose("custom_field", "Deemed Accepted On", ("Story",)),
    "progress_reported_on": Purpose("custom_field", "Progress Reported On", ("Story",)),
    "exact_percent": Purpose("custom_field", "Exact Percent Complete", ("Story",)),
    "agreement_type": Purpose("custom_field", "Agreement Type", ("Estimate",)),
    "agreed_amount": Purpose("custom_field", "Agreed Amount", ("Estimate",)),
    "cap_change": Purpose("custom_field", "Cap Change", ("Estimate",)),
    "approval_status": Purpose("custom_field", "Approval Status", ("Estimate",)),
    "prepaid_hours": Purpose("custom_field", "Prepaid Hours", ("Estimate",)),
    "valid_from": Purpose("custom_field", "Valid From", ("Estimate",)),
    "valid_until": Purpose("custom_field", "Valid Until", ("Estimate",)),
    "refundable": Purpose("custom_field", "Refundable", ("Estimate",)),
    "contract_line": Purpose(
        "external_reference", "ContractLine", ("Workspace", "BillingMilestone", "RateCard", "Story", "Estimate")
    ),
    "contract": Purpose("external_reference", "Contract", ("RateCard",)),
    "customer": Purpose("external_reference", "Account", ("Workspace", "BillingMilestone", "RateCard")),
    "change_order": Purpose("external_reference", "ChangeOrder", ("Estimate", "TimeEntry")),
    "billing_hold": Purpose("external_reference", "BillingHold", ("TimeEntry",)),
    "billable_hours": Purpose("external_reference", "BillableHours", ("TimeEntry",)),
    "write_down": Purpose("external_reference", "WriteDown", ("TimeEntry",)),
    "logged_hours": Purpose("external_reference", "LoggedHours", ("TimeEntry",)),
    "imported_timesheet": Purpose("external_reference", "ImportedTimesheet", ("Submission",)),
    "named_resource": Purpose("external_reference", "NamedResource", ("Role",)),
}

# Project statuses are a list that each account edits; these are the names this product understands unasked.
PROJECT_STATUSES: dict[str, str] = {
    "Estimate": "planned",
    "Prospect": "planned",
    "Not Started": "planned",
    "In Setup": "planned",
    "Active": "active",
    "In Progress": "active",
    "On Track": "active",
    "At Risk": "active",
    "Issues": "active",
    "On Hold": "active",
    "Completed": "closed",
    "Closed": "closed",
    "Cancelled": "closed",
}
