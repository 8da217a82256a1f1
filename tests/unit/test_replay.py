"""What a replay takes from the live warehouse: what had been recorded by then, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.config import ConfigurationError
from orchestration import replay as replays

LIVE = """
create schema raw_kantata; create schema raw_netsuite; create schema control; create schema marts; create schema staging;
create table raw_kantata.feed as
select * from (values ('users', timestamptz '2026-04-29 10:00:00+00'), ('users', timestamptz '2026-04-30 12:00:00+02'))
as f(object, _extracted_at);
create table raw_kantata.users as
select * from (values (1, timestamptz '2026-04-29 10:00:00+00'), (1, timestamptz '2026-04-30 10:00:00.000001+00'))
as u(id, _extracted_at);
create table raw_kantata._dlt_loads as select 1 as load_id;
create table raw_netsuite.customer as select 1 as id, timestamptz '2026-04-01 00:00:00+00' as _extracted_at;
create table control.finding_decision as
select * from (values
  ('then', timestamp '2026-04-30 09:00:00', date '2026-04-30'), ('later', timestamp '2026-04-30 10:00:01', date '2026-04-30'),
  ('about_a_later_day', timestamp '2026-04-30 09:00:00', date '2026-05-01')
) as d(decision_id, decided_at, as_of_date);
create table control.exception_decision as
select * from control.finding_decision;
create table control.load_attempt as
select decision_id as load_attempt_id, decided_at as ended_at from control.finding_decision
where decision_id <> 'about_a_later_day';
create table marts.leakage__finding_events as
select * from (values
  ('then', timestamp '2026-04-30 09:30:00', date '2026-04-30'), ('later', timestamp '2026-04-30 11:00:00', date '2026-04-30'),
  ('of_a_later_day', timestamp '2026-04-30 09:30:00', date '2026-05-01')
) as e(finding_event_id, recorded_at, as_of_date);
create table marts.leakage__findings as select 'of today' as finding_id;
create view staging.stg_kantata__users as select * from raw_kantata.users;
"""
TEN = datetime(2026, 4, 30, 10, tzinfo=UTC)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse of two systems, of which one is enabled."""
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEAKAGE_SYSTEMS", "psa=kantata")
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(LIVE)
    return warehouse


class Built:
    """Stands in for the build: keeps what it was given, and fails or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failures: list[str]) -> None:
        self.tables: dict[str, list[object]] = {}
        self.failures = failures
        monkeypatch.setattr("ingestion.pipelines.prepare", lambda systems: None)
        monkeypatch.setattr(replays, "build_models", self.build)

    def build(self, *, with_tests: bool) -> list[str]:
        from ingestion.config import settings

        assert with_tests
        self.settings = settings()
        with duckdb.connect(str(self.settings.warehouse_path)) as connection:
            names = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() order by 1"
            ).fetchall()
            for (name,) in names:
                first = connection.execute(f"select * from {name} order by all").fetchall()
                self.tables[name] = [row[0] for row in first]
        return self.failures


def test_a_replay_holds_only_what_was_recorded_by_then(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = Built(monkeypatch, ["dbt failed: told to"])
    before = live.read_bytes()
    with pytest.raises(replays.ReplayError, match="dbt failed: told to"):
        replays.replay(date(2026, 4, 30), TEN)
    assert built.tables == {
        "control.exception_decision": ["then"],
        "control.finding_decision": ["then"],
        "control.load_attempt": ["then"],
        "marts.leakage__finding_events": ["then"],
        "raw_kantata.feed": ["users", "users"],
        "raw_kantata.users": [1],
    }
    assert (built.settings.as_of, built.settings.known_at) == (date(2026, 4, 30), TEN)
    assert live.read_bytes() == before
    assert list((live.parent / "replays").iterdir()) == [], "a replay that fails leaves nothing behind"


def test_the_default_knowledge_is_that_of_the_end_of_the_day(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = Built(monkeypatch, ["dbt failed: told to"])
    with pytest.raises(replays.ReplayError):
        replays.replay(date(2026, 4, 30))
    assert built.settings.known_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert built.tables["raw_kantata.users"] == [1, 1]
    assert built.tables["marts.leakage__finding_events"] == ["later", "then"]


def test_before_the_first_load_there_is_nothing_to_replay(live: Path) -> None:
    with pytest.raises(ConfigurationError, match="the first load was at 2026-04-29T10:00:00Z"):
        replays.replay(date(2026, 4, 28))
