"""The SLA thresholds that assets are watched by are those of the policies."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ingestion.config import DOMAINS
from orchestration.lib.slas import SYNC_SLAS, feed_limits, sync_limits
from orchestration.policies import PolicyError
from orchestration.policies.project import policy_definitions

TODAY = date(2026, 4, 30)


def test_the_shipped_limits_hold_for_every_domain_and_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEAKAGE_POLICIES_DIR", raising=False)
    assert feed_limits(TODAY) == dict.fromkeys(DOMAINS, timedelta(hours=26))
    assert sync_limits(TODAY) == {
        "time_entry": timedelta(hours=24),
        "expense_item": timedelta(hours=24),
        "invoice": timedelta(hours=4),
        "payment": timedelta(hours=24),
    }
    assert SYNC_SLAS.keys() == {name for name in policy_definitions()["global"] if name.endswith("_sync_sla")}


def test_a_domain_may_have_its_own_limit_for_a_time(own: Path) -> None:
    with own.open("a") as file:
        file.write("feed_max_age,domain,hr,170.5,hours,2026-04-30,2026-05-01,IT,weekly\n")
    assert feed_limits(TODAY)["hr"] == timedelta(hours=170, minutes=30)
    assert feed_limits(TODAY)["erp"] == timedelta(hours=26)
    assert feed_limits(date(2026, 5, 1))["hr"] == feed_limits(date(2026, 4, 29))["hr"] == timedelta(hours=26)


def test_a_file_that_cannot_be_read_is_named(own: Path) -> None:
    own.write_text("policy;value\n")
    with pytest.raises(PolicyError, match="policies.csv"):
        feed_limits(TODAY)
