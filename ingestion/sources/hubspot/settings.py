"""What this source knows of HubSpot's CRM API: versions, limits, error codes, object types and associations."""

from __future__ import annotations

SYSTEM = "hubspot"
BASE_URL = "https://api.hubapi.com"
# ``v3`` (associations are v4 there) until September 2027, or a dated version such as ``2026-09``: the same bodies.
API_VERSION = "v3"
# 100 requests in 10 seconds are allowed in every subscription, 190 in the one that custom objects need.
REQUESTS_PER_SECOND = 10.0
# Search has a limit of its own: 5 requests a second for all apps of an account together.
SEARCH_INTERVAL_SECONDS = 0.25

LIST_ROWS = 100
SEARCH_ROWS = 200
READ_IDS = 100
# Reading properties with their history halves the size of a batch.
HISTORY_READ_IDS = 50
ASSOCIATION_IDS = 1_000

# Beside the usual ones: a locked resource, an account that moves to another data centre, HubSpot's edge.
TRANSIENT_STATUS = frozenset({423, 477, 525, 526})
DAILY = "DAILY"
NOT_FOUND = "OBJECT_NOT_FOUND"

# Raw object -> object type it is read from, when the configuration does not say otherwise: a standard object, or a
# custom one as ``p_<name>``, its full name or its id (``2-1234567``).
OBJECT_NAMES = {
    "company": "companies",
    "deal": "deals",
    "statement_of_work": "p_statement_of_work",
    "sow_line": "p_sow_line",
    "rate_card": "p_rate_card",
    "rate_card_line": "p_rate_card_line",
    "change_order": "p_change_order",
}
# Which records point to which: read in this direction.
RELATIONS = (
    ("statement_of_work", "company"),
    ("statement_of_work", "deal"),
    ("sow_line", "statement_of_work"),
    ("sow_line", "rate_card"),
    ("rate_card", "sow_line"),
    ("rate_card", "statement_of_work"),
    ("rate_card", "company"),
    ("rate_card_line", "rate_card"),
    ("change_order", "statement_of_work"),
    ("change_order", "sow_line"),
)
# A line names the card agreed for it, and a card names what it applies to: two different things between the same two
# objects, told apart by their association labels.
AGREED_RATES = "Agreed rates"
APPLIES_TO = "Applies to"
ASSOCIATION_LABELS = (AGREED_RATES, APPLIES_TO)

MERGED_IDS = "hs_merged_object_ids"
STAGE = "dealstage"
MODIFIED = "hs_lastmodifieddate"
