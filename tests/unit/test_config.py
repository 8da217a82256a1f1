"""Settings come from the environment, and one that cannot be used is refused in a sentence that says what can."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingestion.config import DEFAULT_SYSTEMS, DOMAINS, ConfigurationError, parse_systems, settings
from ingestion.registry import SYSTEMS

VARIABLES = (
    "LEAKAGE_SYSTEMS",
    "LEAKAGE_DATA_DIR",
    "LEAKAGE_AS_OF",
    "LEAKAGE_KNOWN_AT",
    "LEAKAGE_REPORTING_CURRENCY",
    "LEAKAGE_POLICIES_DIR",
)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_nothing_has_to_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings()
    assert found.systems == parse_systems(DEFAULT_SYSTEMS)
    assert (found.as_of, found.known_at, found.reporting_currency) == (None, None, "USD")
    assert found.warehouse_path == tmp_path / "data" / "warehouse.duckdb"
    assert found.published_dir == tmp_path / "data" / "published"


@pytest.mark.parametrize("name", VARIABLES[1:])
def test_an_empty_variable_is_as_good_as_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings()
    monkeypatch.setenv(name, "")
    assert settings() == before


def test_the_environment_is_read_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEAKAGE_AS_OF", "2026-04-30")
    monkeypatch.setenv("LEAKAGE_REPORTING_CURRENCY", "EUR")
    found = settings()
    assert (found.data_dir, found.as_of, found.reporting_currency) == (tmp_path, date(2026, 4, 30), "EUR")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-30T18:00:00Z", datetime(2026, 4, 30, 18, tzinfo=UTC)),
        ("2026-04-30T18:00:00", datetime(2026, 4, 30, 18, tzinfo=UTC)),
        ("2026-04-30T18:00:00+02:00", datetime(2026, 4, 30, 18, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_known_at_is_utc_unless_it_says_otherwise(text: str, moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_KNOWN_AT", text)
    assert settings().known_at == moment


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("LEAKAGE_AS_OF", "30.4.2026", "LEAKAGE_AS_OF: '30.4.2026' is not a date, write it as 2026-04-30"),
        ("LEAKAGE_AS_OF", "20260430", "LEAKAGE_AS_OF: '20260430' is not a date, write it as 2026-04-30"),
        ("LEAKAGE_AS_OF", "2026-04-31", "LEAKAGE_AS_OF: '2026-04-31' is not a day of the calendar"),
        ("LEAKAGE_KNOWN_AT", "now", "LEAKAGE_KNOWN_AT: 'now' is not a time, write it as 2026-04-30T18:00:00Z"),
        ("LEAKAGE_REPORTING_CURRENCY", "usd", "LEAKAGE_REPORTING_CURRENCY: 'usd' is not an ISO 4217 code such as USD"),
        ("LEAKAGE_POLICIES_DIR", "/no/such/place", "LEAKAGE_POLICIES_DIR: there is no folder '/no/such/place'"),
        ("LEAKAGE_SYSTEMS", "crm", "LEAKAGE_SYSTEMS: 'crm' is not DOMAIN=SYSTEM with a domain of crm, psa"),
        ("LEAKAGE_SYSTEMS", "payroll=x", "LEAKAGE_SYSTEMS: 'payroll=x' is not DOMAIN=SYSTEM with a domain of"),
        ("LEAKAGE_SYSTEMS", "crm=nobody", "LEAKAGE_SYSTEMS: no system 'nobody' serves crm; available: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ConfigurationError) as refused:
        settings()
    assert str(refused.value).startswith(message)


def test_systems_are_parsed_with_room_around_them_and_may_be_none() -> None:
    default = parse_systems(DEFAULT_SYSTEMS)
    spaced = ", ".join(f"{domain}={system}" for domain, system in default.items()) + ","
    assert parse_systems(f" {spaced} ") == default
    assert parse_systems("") == {}


def test_a_domain_is_served_once_and_by_a_system_that_can() -> None:
    domain, system = next(iter(parse_systems(DEFAULT_SYSTEMS).items()))
    with pytest.raises(ConfigurationError, match=f"{domain} is named twice; one system serves a domain"):
        parse_systems(f"{domain}={system},{domain}={system}")
    other = next(d for d in DOMAINS if d not in SYSTEMS[system].domains)
    with pytest.raises(ConfigurationError, match=f"no system '{system}' serves {other}"):
        parse_systems(f"{other}={system}")


def test_the_registry_is_whole() -> None:
    for name, spec in SYSTEMS.items():
        assert name == spec.name == name.lower()
        assert spec.domains
        assert spec.domains <= set(DOMAINS)
        assert spec.title
        assert spec.owner
        assert find_spec(f"ingestion.sources.{name}.schema"), f"{name} is registered but has no declared objects"
        assert spec.objects
        assert all(obj.name == key for key, obj in spec.objects.items())
