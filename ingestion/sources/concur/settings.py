"""What is fixed about reading Concur: addresses, limits and how far back is read again."""

from __future__ import annotations

from datetime import timedelta

SYSTEM = "concur"
DEFAULT_BASE_URL = "https://us2.api.concursolutions.com"
TOKEN_PATH = "/oauth2/v0/token"
API = "/api/v3.0"
PATHS = {
    "users": f"{API}/common/users",
    "reports": f"{API}/expense/reports",
    "entries": f"{API}/expense/entries",
    "itemizations": f"{API}/expense/itemizations",
    "allocations": f"{API}/expense/allocations",
}
PAGE_LIMIT = 100
# Vendors round or truncate the modification time; what lies within this distance is read again.
OVERLAP = timedelta(minutes=10)
# Changes of entries and allocations need not move their report's modification date, so the children of all reports
# changed within this time are read again, whatever their state.
REREAD_WINDOW = timedelta(days=90)
# The one payment status after which a report no longer changes; the other documented ones, to ask for open reports.
FINAL_PAYMENT_STATUS = "P_PAID"
OPEN_PAYMENT_STATUSES = "P_NOTP,P_HOLD,P_PROC,P_PAYC"
# Allocation types of an entry that has allocations of its own (fully, partially).
ALLOCATED_TYPES = ("F", "P")
# Documented causes of a 400 that a repeated request overcomes.
TRANSIENT_BAD_REQUESTS = ("exceeds the request limit", "deadlock")
