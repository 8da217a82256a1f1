"""What this source knows of Salesforce's REST API: versions, limits, error codes and object names."""

from __future__ import annotations

from datetime import timedelta

API_VERSION = "62.0"
# "Query More" reads up to 2,000 records a page; Salesforce takes the number as a hint.
PAGE_ROWS = 2_000
# The address of a query may have 16,384 bytes; host, condition and percent-encoding need their share.
MAX_SELECT_CHARS = 10_000
# getDeleted reaches back 15 days; a little less, so that a slow request does not fall out of it.
DELETE_LOG_REACH = timedelta(days=15) - timedelta(hours=1)
# It refuses shorter periods. Windows overlap by more, so one is that short only when the org's clock went back.
DELETE_LOG_MINIMUM = timedelta(minutes=1)

REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED"
INVALID_QUERY_LOCATOR = "INVALID_QUERY_LOCATOR"

# Raw object -> API name of the Salesforce object it is read from, when the configuration does not say otherwise.
API_NAMES = {
    "organization": "Organization",
    "opportunity_stage": "OpportunityStage",
    "account": "Account",
    "opportunity": "Opportunity",
    "opportunity_history": "OpportunityHistory",
    "contract": "Contract",
    "sow_line": "SOW_Line__c",
    "rate_card": "Rate_Card__c",
    "rate_card_line": "Rate_Card_Line__c",
    "change_order": "Change_Order__c",
}

# Compound and binary fields repeat or bloat other fields and cannot be loaded as values.
SKIPPED_TYPES = frozenset({"address", "location", "base64", "complexvalue"})
# Who looked at or saved a record says nothing about the business, and the first three differ per calling user.
SKIPPED_FIELDS = frozenset(
    {
        "LastViewedDate",
        "LastReferencedDate",
        "LastActivityDate",
        "LastModifiedDate",
        "LastModifiedById",
        "CreatedById",
        "UserRecordAccessId",
    }
)
