"""What this source knows of Certinia PSA: API names of the package ``pse``, and what its picklist values mean."""

from __future__ import annotations

SYSTEM = "certinia"

# Raw object -> API name. Names without a namespace are Salesforce's own objects or, with __c, the firm's.
API_NAMES = {
    "organization": "Organization",
    "user": "User",
    "account": "Account",
    "contact": "Contact",
    "practice": "pse__Practice__c",
    "project": "pse__Proj__c",
    "schedule": "pse__Schedule__c",
    "assignment": "pse__Assignment__c",
    "milestone": "pse__Milestone__c",
    "budget": "pse__Budget__c",
    "retainer": "Retainer__c",
    "progress_report": "Progress_Report__c",
    "rate_card_set": "pse__Rate_Card_Set__c",
    "rate_card": "pse__Rate_Card__c",
    "rate_card_set_junction": "pse__Rate_Card_Set_Junction__c",
    "timecard": "pse__Timecard_Header__c",
    "time_date": "pse__Time_Date__c",
    "timecard_split": "pse__Timecard__c",
}

# Customers' contacts are no resources, and nobody needs them here.
CONDITIONS = {"contact": "pse__Is_Resource__c = true"}
# People: of whom nothing is read that is not needed.
DECLARED_ONLY = frozenset({"user", "contact"})

# Picklists whose values every customer words differently -> value -> meaning. The configuration adds to them; the
# package's own values (the status of a timecard) are translated by the mapping.
PICKLISTS: dict[str, dict[str, str]] = {
    "pse__Proj__c.pse__Stage__c": {
        "Planned": "planned",
        "In Progress": "active",
        "On Hold": "active",
        "Completed": "closed",
        "Canceled": "closed",
    },
    "pse__Proj__c.pse__Project_Type__c": {
        "Customer Project": "billable",
        "Internal": "internal",
        "Pre-Sales": "presales",
    },
    "pse__Assignment__c.pse__Status__c": {"Tentative": "soft", "Scheduled": "hard", "Closed": "hard"},
    "pse__Budget__c.pse__Type__c": {
        "Customer Purchase Order": "contract_value",
        "Work Order": "contract_value",
        "Internal Budget": "internal",
        "Customer Purchase Order Change Request": "change_order",
        "Work Order Change Request": "change_order",
        "Internal Budget Change Request": "internal",
    },
}
MEANINGS = {
    "pse__Proj__c.pse__Stage__c": ("planned", "active", "closed"),
    "pse__Proj__c.pse__Project_Type__c": ("billable", "internal", "presales"),
    "pse__Assignment__c.pse__Status__c": ("soft", "hard"),
    "pse__Budget__c.pse__Type__c": ("contract_value", "change_order", "internal"),
}
