"""The gateway over its ASGI interface: what each sender's requests become, and what is refused."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ingestion.config import ConfigurationError
from ingestion.sources.events.gateway import Gateway, Limits
from ingestion.sources.events.inbox import InboxError
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import configured_inbox, event_settings
from ingestion.sources.events.sqlite_inbox import SqliteInbox
from tests import gateway_senders as senders
from tests.gateway_senders import NEW, OLD, PUBLIC_URL, SENDERS, WRONG, Call, Sender, now

Row = tuple[Any, ...]
BY_NAME = {sender.name: sender for sender in SENDERS}
every_sender = pytest.mark.parametrize("sender", SENDERS, ids=BY_NAME)
SIGNING = [sender for sender in SENDERS if sender.signs_body]


class Running:
    """A gateway and its inbox."""

    def __init__(self, data_dir: Path, limits: Limits | None = None) -> None:
        self.path = data_dir / "events" / "inbox.db"
        self.gateway = Gateway(configured_receivers(event_settings()), configured_inbox(), PUBLIC_URL, limits)
        self.client = TestClient(self.gateway.app(), raise_server_exceptions=True)

    def post(self, call: Call) -> httpx.Response:
        return self.client.post(call.path, content=call.body, headers=call.headers)

    def rows(self, columns: str) -> list[Row]:
        with sqlite3.connect(self.path) as connection:
            return connection.execute(f"select {columns} from event order by seq").fetchall()

    def accepted(self) -> int:
        """Events that were stored as what they claim to be."""
        return sum(reason is None for (reason,) in self.rows("quarantine_reason"))


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    for name, value in senders.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(tmp_path, Limits(requests_per_second=10_000))
    with found.client:
        yield found


# --- what the senders' events become


def test_what_each_senders_event_becomes(running: Running) -> None:
    assert [running.post(sender.call(NEW, now(), 1)).status_code for sender in SENDERS if sender.name != "batch"] == [
        *[202] * 4,
        200,
        *[202] * 4,
    ]
    stored = running.rows("source, scheme, event_id, type, subject, occurred_at, correlation_id, quarantine_reason")
    at_ten, in_2026 = "2026-11-26T10:00:00.000000+00:00", "2026-11-18T11:06:40.000000+00:00"
    certinia_id, concur_time = stored[6][2], stored[7][5]
    assert stored == [
        ("netsuite", "standard-webhooks", "/netsuite/TSTDRV1#inv-1", "com.netsuite.invoice.edit.v1", "invoice/1",
         "2026-11-26T09:00:00.250000+00:00", "C-1", None),
        ("netsuite", "standard-webhooks", "bin-1", "com.netsuite.invoice.edit.v1", "invoice/1",
         "2026-11-26T09:00:00.250000+00:00", "C-1", None),
        ("netsuite", "standard-webhooks", "plain-1", "invoice.edit", None,
         "2026-11-26T09:00:00.000000+00:00", None, None),
        ("hubspot", "hubspot-v3", stored[3][2], "deal.propertyChange", "deal/9007199254740994",
         "2026-11-18T11:06:40.125000+00:00", None, None),
        ("salesforce", "salesforce-outbound", "04l000000000001", "Opportunity.outbound", "Opportunity/006000000000001",
         at_ten, None, None),
        ("salesforce", "standard-webhooks", "0002-1-1-Opportunity-006000001000000", "Opportunity.UPDATE",
         "Opportunity/006000001000000", in_2026, None, None),
        ("certinia", "standard-webhooks", certinia_id, "Timecard_Approved__e", None, at_ten, None, None),
        ("concur", "concur-ess", "00000001-0000-4000-8000-000000000000", "concur.expense.report.statusChanged",
         "report/R1", concur_time, "corr-1", None),
        ("dynamics365", "dataverse-key", "bbbbbbbb-0000-4000-8000-000000000001", "msdyn_timeentry.Update",
         "msdyn_timeentry/aaaaaaaa-0000-4000-8000-000000000001", in_2026, "cccccccc-0000-4000-8000-000000000001", None),
    ]  # fmt: skip
