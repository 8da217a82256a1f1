"""Dropped files as Dagster shows them: a partition each, made when its content is in raw, explained when it was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion.registry import SYSTEMS
from orchestration.defs.ingestion.assets import ingestion
from orchestration.defs.ingestion.drops import DROPS
from orchestration.lib.freshness import Freshness
from orchestration.lib.loader import Loader
from orchestration.lib.names import load_job, raw_group, raw_key
from tests.drops import Drops, stand_in

SYSTEM = SYSTEMS["files"]
KEY = raw_key(SYSTEM.name, DROPS)
JOB = dg.define_asset_job(load_job(SYSTEM.name), dg.AssetSelection.groups(raw_group(SYSTEM.name)).without_checks())
DEFINITIONS = dg.Definitions.merge(
    ingestion([SYSTEM], Loader(), Freshness(), expect_rows=False),
    dg.Definitions(jobs=[JOB], executor=dg.in_process_executor),
)


@pytest.fixture
def drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drops]:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEAKAGE_SYSTEMS", "erp=files,bank=files")
    vendor = stand_in()
    for name, value in vendor.credentials("").items():
        monkeypatch.setenv(name, value)
    yield Drops(vendor.folder)
    vendor.close()


def test_each_file_is_a_partition(drops: Drops) -> None:
    dropped = {path.name for path in drops.inbox.iterdir()}
    drops.put("RE_AUSGANG_20260501120000.csv", b"cut off")
    with dg.DagsterInstance.ephemeral() as instance:
        result = DEFINITIONS.resolve_job_def(JOB.name).execute_in_process(instance=instance, raise_on_error=False)
        assert set(instance.get_dynamic_partitions(f"files_{DROPS}")) == {*dropped, "RE_AUSGANG_20260501120000.csv"}
        assert instance.get_materialized_partitions(KEY) == dropped
        (aside,) = (e for e in instance.fetch_observations(KEY, limit=10).records)
    assert result.success
    assert aside.asset_observation and aside.asset_observation.partition == "RE_AUSGANG_20260501120000.csv"
    assert aside.asset_observation.metadata["status"].value == "quarantined"
    assert aside.asset_observation.metadata["reason"].value
