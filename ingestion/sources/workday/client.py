"""How Workday is read: workers by the transaction log, organizations as a whole, reports by their prompts.

The log finds what was entered since the last run. What was entered before and becomes effective now is asked for
separately, and a full reading every week finds who has vanished, for instance by a rescinded hire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

import dlt
import msgspec
from requests.auth import AuthBase, HTTPBasicAuth

from ingestion.http.auth import request_token
from ingestion.http.errors import PermanentError, TransientError
from ingestion.http.session import RefreshableAuth, VendorSession
from ingestion.raw import CompleteFor, CompleteSet, Page, RawObject, Window
from ingestion.sources.workday import convert
from ingestion.sources.workday.settings import (
    EFFECTIVE_SLACK,
    FULL_READING_EVERY,
    MAX_PAGE_SIZE,
    MONTHS_AHEAD,
    MONTHS_BACK,
    MONTHS_BACK_OFTEN,
    REPORTS,
    SYSTEM,
    WorkdayCredentials,
)
from ingestion.sources.workday.soap import WD, SoapClient

WORKER_GROUP = {
    "Include_Reference": True,
    "Include_Personal_Information": True,
    "Include_Employment_Information": True,
    "Include_Transaction_Log_Data": True,
}
ORGANIZATION_GROUP = {"Include_Hierarchy_Data": True}


class _Report(msgspec.Struct, forbid_unknown_fields=True):
    """A report's answer; without rows the key may be missing."""

    Report_Entry: list[msgspec.Raw] = []


class WorkdayClient:
    """One run's reading of one Workday tenant."""

    def __init__(self, config: WorkdayCredentials) -> None:
        if not 1 <= config.page_size <= MAX_PAGE_SIZE:
            raise PermanentError(f"{SYSTEM}: page_size is {config.page_size}, set it between 1 and {MAX_PAGE_SIZE}")
        self._config = config
        self._base = config.base_url.rstrip("/")
        self._soap = SoapClient(config)
        self._reports = VendorSession(SYSTEM, self._report_auth(), headers={"Accept": "application/json"})
        self._started: datetime | None = None

    def server_time(self) -> datetime:
        """Workday's clock when this run began: what is read is as of then, on all pages."""
        if self._started is None:
            answer = self._soap.call("Server_Timestamp_Get", {}, "Server_Timestamp")
            text = answer.findtext(f"{{{WD}}}Server_Timestamp_Data") or ""
            moment: datetime | None = None
            with suppress(ValueError):
                moment = datetime.fromisoformat(text)
            if moment is None or moment.tzinfo is None:
                raise PermanentError(
                    f"{SYSTEM}: the server's time {text!r} cannot be read; check that base_url is the tenant's services host"
                )
            self._started = moment.astimezone(UTC)
        return self._started

    def fetch(self, obj: RawObject, window: Window) -> Iterator[Page | CompleteFor | CompleteSet]:
        """Records of ``obj``; those without a cursor are read completely, time off by the months of its window."""
        if obj.name == "workers":
            yield from self._workers(window)
        elif obj.name == "organizations":
            criteria = {"Include_Inactive": True}
            yield from self._pages("Organizations", criteria, ORGANIZATION_GROUP, convert.organization)
        elif obj.name == "time_off":
            yield from self._time_off()
        else:
            yield self._rows(obj.name)

    # --- web services

    def _workers(self, window: Window) -> Iterator[Page | CompleteSet]:
        now, state = self.server_time(), dlt.current.resource_state()
        if self._is_full_reading(state) or window.start is None:
            yield from self._pages("Workers", {}, WORKER_GROUP, convert.worker)
            yield CompleteSet()
            return
        for kind, start in (("Updated", window.start), ("Effective", window.start - EFFECTIVE_SLACK)):
            dates = {f"{kind}_From": _moment(start), f"{kind}_Through": _moment(now)}
            criteria = {"Transaction_Log_Criteria_Data": {"Transaction_Date_Range_Data": dates}}
            yield from self._pages("Workers", criteria, WORKER_GROUP, convert.worker)

    def _is_full_reading(self, state: dict[str, Any]) -> bool:
        """Whether everything is to be read again; notes in the resource's state that it was."""
        last = state.get("full_reading_at")
        if last and self.server_time() - datetime.fromisoformat(last) < FULL_READING_EVERY:
            return False
        state["full_reading_at"] = self.server_time().isoformat()
        return True

    def _pages(
        self, kind: str, criteria: Mapping[str, Any], group: Mapping[str, bool], record: Callable[[Element], bytes]
    ) -> Iterator[Page]:
        """Pages of one moment; raises TransientError when they do not add up to what all of them announced."""
        page, received, announced = 1, 0, set[int]()
        while True:
            content = {
                "Request_Criteria": criteria or None,
                "Response_Filter": {
                    "As_Of_Entry_DateTime": _moment(self.server_time()),
                    "Page": page,
                    "Count": self._config.page_size,
                },
                "Response_Group": group,
            }
            answer = self._soap.call(f"Get_{kind}_Request", content, f"Get_{kind}_Response")
            # Nothing found: there is no Response_Data.
            found = answer.findall(f"{{{WD}}}Response_Data/{{{WD}}}{kind.removesuffix('s')}")
            yield [record(one) for one in found]
            received += len(found)
            announced.add(_number(answer, "Total_Results"))
            if page >= _number(answer, "Total_Pages"):
                break
            page += 1
        if announced != {received}:
            totals = " and then ".join(map(str, sorted(announced)))
            raise TransientError(
                f"{SYSTEM}: Get_{kind} announced {totals} records and sent {received}; they changed while they were "
                "read, run again"
            )

    # --- custom reports

    def _rows(self, name: str, prompts: Mapping[str, str] | None = None) -> Page:
        config = self._config
        report = getattr(config, REPORTS[name])
        owner = config.report_owner or config.username
        url = f"{self._base}/ccx/service/customreport2/{config.tenant}/{owner}/{report}"
        answer = self._reports.json("GET", url, type=_Report, params={**(prompts or {}), "format": "json"})
        rows: Page = answer.Report_Entry
        return rows

    def _time_off(self) -> Iterator[Page | CompleteFor]:
        """Month by month: what a month lost is deleted, months that were not asked for stay as they are."""
        back = MONTHS_BACK if self._is_full_reading(dlt.current.resource_state()) else MONTHS_BACK_OFTEN
        today = self.server_time().date()
        months = [today.year * 12 + today.month - 1 + n for n in range(-back, MONTHS_AHEAD + 1)]
        periods = []
        for month in months:
            first = datetime(month // 12, month % 12 + 1, 1)
            last = datetime((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
            prompts = {self._config.from_prompt: f"{first:%Y-%m-%d}", self._config.to_prompt: f"{last:%Y-%m-%d}"}
            periods.append(f"{first:%Y-%m}")
            yield [_with_period(row, periods[-1]) for row in self._rows("time_off", prompts)]
        # After all months: an absence that moved from one to another is not gone.
        yield CompleteFor(periods)

    def _report_auth(self) -> AuthBase:
        config = self._config
        if config.client_id and config.client_secret and config.refresh_token:
            return RefreshableAuth(self._token)
        return HTTPBasicAuth(config.username.encode(), config.password.encode())

    def _token(self) -> tuple[str, float | None]:
        config = self._config
        assert config.client_id and config.client_secret and config.refresh_token
        form = {"grant_type": "refresh_token", "refresh_token": config.refresh_token}
        url = f"{self._base}/ccx/oauth2/{config.tenant}/token"
        answer = request_token(SYSTEM, url, form, basic=(config.client_id, config.client_secret))
        return str(answer["access_token"]), float(answer.get("expires_in", 3600))


def _with_period(row: bytes | msgspec.Raw, period: str) -> bytes | msgspec.Raw:
    """The row with its month added; what is not an object is quarantined with its reason when it is converted."""
    try:
        fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return row
    return msgspec.json.encode({**fields, "Period": period})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(answer: Element, name: str) -> int:
    """A number of the results, which Workday writes as a decimal; 0 when it is absent."""
    return int(Decimal(answer.findtext(f"{{{WD}}}Response_Results/{{{WD}}}{name}") or 0))
