"""The demo firm: the vendors' stand-ins on a seeded firm, served on this machine for the time of a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from ingestion.config import DEFAULT_SYSTEMS, ConfigurationError, parse_systems, settings
from orchestration.environment import environment

MARKER = "demo.json"


@dataclass(frozen=True)
class DemoFirm:
    """Which firm: the same values give the same facts, byte for byte. ``systems`` is written as in LEAKAGE_SYSTEMS."""

    seed: int = 7
    staff: int = 60
    months: int = 6
    ends_on: date = date(2026, 4, 30)
    systems: str = DEFAULT_SYSTEMS

    def as_json(self) -> str:
        return json.dumps(asdict(self), default=str, sort_keys=True)


@contextmanager
def served(firm: DemoFirm, port: int = 0) -> Iterator[tuple[str, dict[str, str]]]:
    """The stand-ins of ``firm`` on ``port`` (0 = a free one); yields their URL and the sources' variables.

    Raises ConfigurationError when the port is taken.
    """
    from ingestion.sandbox.firm import Firm
    from ingestion.sandbox.server import SandboxServer
    from ingestion.sandbox.world import World

    now = datetime.combine(firm.ends_on, time(23, 59, 59), UTC)
    facts = Firm(seed=firm.seed, staff=firm.staff, months=firm.months, ends_on=firm.ends_on).facts_at(now)
    world = World(facts, now, parse_systems(firm.systems))
    try:
        server = SandboxServer(world, port=port)
    except OSError as error:
        raise ConfigurationError(f"port {port}: {error.strerror}; choose another with --port") from None
    with server as sandbox:
        yield sandbox.url, sandbox.credentials()


def variables(firm: DemoFirm, credentials: dict[str, str]) -> dict[str, str | None]:
    """The environment of a run on the served firm."""
    return {
        **credentials,
        "LEAKAGE_SYSTEMS": firm.systems,
        "LEAKAGE_AS_OF": firm.ends_on.isoformat(),
        "LEAKAGE_DATA_DIR": str(settings().data_dir),
    }


@contextmanager
def configured(firm: DemoFirm) -> Iterator[None]:
    """The environment of this process points at the served firm."""
    prepare_data_dir(firm)
    with served(firm) as (_, credentials), environment(variables(firm, credentials)):
        yield


def prepare_data_dir(firm: DemoFirm) -> Path:
    """The data directory, empty or with an earlier run of the same demo firm.

    Another demo firm's data is removed; raises ConfigurationError for data that is no demo, which is left alone.
    """
    data_dir = settings().data_dir
    marker = data_dir / MARKER
    if not marker.exists() and settings().warehouse_path.exists():
        raise ConfigurationError(
            f"{data_dir} holds data of real systems; set LEAKAGE_DATA_DIR to another directory for the demo"
        )
    if marker.exists() and marker.read_text("utf-8") != firm.as_json():
        forget(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    marker.write_text(firm.as_json(), "utf-8")
    return data_dir


def earlier_firm() -> DemoFirm | None:
    """The demo firm whose data is in the data directory, if any."""
    marker = settings().data_dir / MARKER
    if not marker.exists():
        return None
    known = json.loads(marker.read_text("utf-8"))
    return DemoFirm(**{**known, "ends_on": date.fromisoformat(known["ends_on"])})


def refuse_demo_data() -> None:
    """Raise ConfigurationError when the data directory holds the demo firm: real data never mixes with it."""
    data_dir = settings().data_dir
    if (data_dir / MARKER).exists():
        raise ConfigurationError(
            f"{data_dir} holds the demo firm; set LEAKAGE_DATA_DIR to another directory or delete this one"
        )


def forget(data_dir: Path) -> None:
    """Remove what demo runs wrote: raw data, load state, the published copy, replays."""
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (data_dir / name).unlink(missing_ok=True)
    for name in ("pipelines", "published", "replays"):
        shutil.rmtree(data_dir / name, ignore_errors=True)
