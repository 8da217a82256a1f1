"""The benchmark of events on a small scale: from HTTP to raw with a killed gateway in between, every event once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.events import measure


def test_every_acknowledged_event_is_once_in_inbox_and_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The benchmark sets it for its drain.
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    found = measure(seconds=0.5, rate=2_000)
    assert found["events"] == found["once_in_inbox"] == found["once_in_raw"] == 2 * 1_000 + 100
    assert 500 <= found["killed"]["acknowledged_before"] <= 1_000
    assert found["batches"]["events_per_second"] > 0 < found["single"]["p99_ms"]
