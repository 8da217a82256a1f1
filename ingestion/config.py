"""The settings of a run and where they come from: one environment variable per idea, read here only.

Credentials are not settings: each source declares its own, and dlt resolves them from ``.dlt/secrets.toml`` or the
environment when the source is read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ingestion.registry import SYSTEMS

DEFAULT_SYSTEMS = "crm=salesforce,psa=kantata,erp=netsuite,expense=concur,procurement=coupa"
DOMAINS = ("crm", "psa", "erp", "hr", "expense", "procurement", "bank")


class ConfigurationError(ValueError):
    """A setting cannot be used; the message says which, why, and what is accepted."""


@dataclass(frozen=True)
class Settings:
    """Everything a run may be told. ``systems`` maps a domain to the system that serves it.

    ``policies_dir`` holds the firm's own policies: a file there stands in for the shipped seed of the same name.
    """

    systems: dict[str, str]
    data_dir: Path
    as_of: date | None
    known_at: datetime | None
    reporting_currency: str
    policies_dir: Path | None

    @property
    def warehouse_path(self) -> Path:
        """The embedded warehouse that a run builds; readers use the published copy instead."""
        return self.data_dir / "warehouse.duckdb"

    @property
    def published_dir(self) -> Path:
        return self.data_dir / "published"

    @property
    def replays_dir(self) -> Path:
        """Past days that were built again, each in a folder of its own."""
        return self.data_dir / "replays"


def settings() -> Settings:
    """The settings of this process, read afresh from the environment; raises ConfigurationError."""
    as_of, known_at = os.environ.get("LEAKAGE_AS_OF"), os.environ.get("LEAKAGE_KNOWN_AT")
    return Settings(
        systems=parse_systems(os.environ.get("LEAKAGE_SYSTEMS", DEFAULT_SYSTEMS)),
        data_dir=Path(os.environ.get("LEAKAGE_DATA_DIR") or "data").absolute(),
        as_of=parse_day(as_of, "LEAKAGE_AS_OF") if as_of else None,
        known_at=parse_moment(known_at, "LEAKAGE_KNOWN_AT") if known_at else None,
        reporting_currency=_currency(os.environ.get("LEAKAGE_REPORTING_CURRENCY") or "USD"),
        policies_dir=_folder(os.environ.get("LEAKAGE_POLICIES_DIR"), "LEAKAGE_POLICIES_DIR"),
    )


def parse_systems(text: str) -> dict[str, str]:
    """``crm=salesforce,psa=kantata`` as a mapping; empty text means no system at all. Raises ConfigurationError."""
    chosen: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        domain, _, system = part.partition("=")
        if domain not in DOMAINS or not system:
            known = ", ".join(DOMAINS)
            raise ConfigurationError(f"LEAKAGE_SYSTEMS: {part!r} is not DOMAIN=SYSTEM with a domain of {known}")
        if system not in SYSTEMS or domain not in SYSTEMS[system].domains:
            able = ", ".join(s.name for s in SYSTEMS.values() if domain in s.domains) or "none"
            raise ConfigurationError(f"LEAKAGE_SYSTEMS: no system {system!r} serves {domain}; available: {able}")
        if domain in chosen:
            raise ConfigurationError(f"LEAKAGE_SYSTEMS: {domain} is named twice; one system serves a domain")
        chosen[domain] = system
    return chosen


def parse_day(text: str, setting: str) -> date:
    """A business date; raises ConfigurationError that names the ``setting``."""
    # SQL reads the same text: of the forms that Python takes, only this one means the same everywhere.
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ConfigurationError(f"{setting}: {text!r} is not a date, write it as 2026-04-30")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{setting}: {text!r} is not a day of the calendar") from None


def _folder(text: str | None, setting: str) -> Path | None:
    """An existing folder, absolute; None when nothing is given."""
    if not text:
        return None
    folder = Path(text).absolute()
    if not folder.is_dir():
        raise ConfigurationError(f"{setting}: there is no folder {str(folder)!r}; create it, or unset {setting}")
    return folder


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ConfigurationError(f"LEAKAGE_REPORTING_CURRENCY: {text!r} is not an ISO 4217 code such as USD")
    return text


def parse_moment(text: str, setting: str) -> datetime:
    """A moment, UTC unless it says otherwise; raises ConfigurationError that names the ``setting``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{setting}: {text!r} is not a time, write it as 2026-04-30T18:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
