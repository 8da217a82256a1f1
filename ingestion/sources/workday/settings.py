"""How Workday is reached, and what is fixed about reading it."""

from __future__ import annotations

from datetime import timedelta

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

SYSTEM = "workday"
SERVICE = "Human_Resources"
DEFAULT_VERSION = "v45.0"
# The default of the web services; a schema comment calls it the largest page although 999 are accepted.
PAGE_SIZE = 100
MAX_PAGE_SIZE = 999
# A change that is entered ahead of its time is found on the day it becomes effective; this wide around the last run,
# because effective moments are the tenant's midnight.
EFFECTIVE_SLACK = timedelta(days=1)
# Rescinded hires vanish without a trace: everything is read again this often, and what is missing is gone.
FULL_READING_EVERY = timedelta(days=7)
# Time off is read by months: on a full reading, and on the runs between.
MONTHS_BACK, MONTHS_BACK_OFTEN, MONTHS_AHEAD = 24, 3, 12

# Object -> field of the credentials that names its custom report.
REPORTS = {
    "work_calendars": "work_calendars_report",
    "holidays": "holidays_report",
    "worker_calendars": "worker_calendars_report",
    "time_off": "time_off_report",
}


@configspec
class WorkdayCredentials(BaseConfiguration):
    """An integration system user of one tenant, and for reports alone optionally an API client with its refresh token.

    ``base_url`` is the tenant's services host. The ``*_report`` fields name the custom reports, the ``*_prompt`` fields
    the two prompts of the time-off report.
    """

    base_url: str = None  # type: ignore[assignment]
    tenant: str = None  # type: ignore[assignment]
    username: str = None  # type: ignore[assignment]
    password: TSecretStrValue = None  # type: ignore[assignment]
    client_id: str | None = None
    client_secret: TSecretStrValue | None = None
    refresh_token: TSecretStrValue | None = None
    version: str = DEFAULT_VERSION
    page_size: int = PAGE_SIZE
    report_owner: str | None = None
    work_calendars_report: str = "Leakage_Work_Calendars"
    holidays_report: str = "Leakage_Holidays"
    worker_calendars_report: str = "Leakage_Worker_Calendars"
    time_off_report: str = "Leakage_Time_Off"
    from_prompt: str = "From_Date"
    to_prompt: str = "To_Date"
