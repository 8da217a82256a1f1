"""A drop folder for tests: filled by the stand-in or by hand, read with or without a warehouse."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ingestion.contract import CompleteSet, Deleted
from ingestion.sandbox.facts import (
    BilledItem,
    BillingCalendar,
    Customer,
    Expense,
    Facts,
    FxRate,
    Invoice,
    InvoiceLine,
    LegalEntity,
    Payment,
    Project,
    ProjectCost,
    Resource,
    RevenueSchedule,
    TimeEntry,
)
from ingestion.sandbox.systems.files import System
from ingestion.sandbox.world import World
from ingestion.sources.files.client import LOADED, UNCHANGED, DropFolder, Known
from ingestion.sources.files.feed import load_feeds
from ingestion.sources.files.folder import Folder, LocalFolder
from ingestion.sources.files.schema import OBJECTS

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
SYSTEMS = {"crm": "salesforce", "psa": "kantata", "erp": "files", "expense": "concur", "bank": "files"}


def firm() -> Facts:
    """A little of everything that the legacy tools and the bank know of."""
    bill = InvoiceLine(
        id="L-1",
        contract_line="CL-1",
        project="P-1",
        resource="R-1",
        description="Beratung;\n“März” – Teil 1",
        quantity=Decimal("7.5"),
        unit_price=Decimal("160.3333"),
        amount=Decimal("1202.50"),
        service_from=date(2026, 3, 1),
        service_to=date(2026, 3, 31),
        items=[BilledItem(item="T-1", amount=Decimal("1000.00")), BilledItem(item="X-1", amount=Decimal("202.50"))],
    )
    credit = InvoiceLine(id="L-2", amount=Decimal("-1202.50"), quantity=Decimal(1), items=[BilledItem(item="T-1")])
    invoices = [
        Invoice(id="INV-1", customer="C-1", legal_entity="LE", issued_on=date(2026, 4, 1), lines=[bill], currency="EUR",
                tax_amount=Decimal("228.48"), due_on=date(2026, 5, 1)),
        Invoice(id="CM-1", kind="credit_memo", customer="C-1", issued_on=date(2026, 4, 9), currency="EUR",
                original_invoice="INV-1", reason="error", lines=[credit]),
        Invoice(id="INV-2", customer="C-2", issued_on=date(2026, 4, 9), status="draft",
                lines=[InvoiceLine(id="L-3", unit_price=Decimal("9"))]),
    ]  # fmt: skip
    return Facts(
        legal_entities=[LegalEntity(id="LE", name="Größe & Söhne, GmbH", currency="EUR", country="DE")],
        customers=[
            Customer(id="C-1", name='"Ärzte" 株式会社', currency="EUR", payment_terms_days=14, tax_id="DE 123"),
            Customer(id="C-2", name="Beta", parent="C-1", merged_into="C-1"),
        ],
        projects=[Project(id="P-1", customer="C-1")],
        resources=[Resource(id="R-1", email="ann@firm.example")],
        time_entries=[
            TimeEntry(id="T-1", project="P-1", resource="R-1", work_date=date(2026, 3, 2), hours=Decimal("7.5"))
        ],
        expenses=[Expense(id="X-1", resource="R-1", spent_on=date(2026, 3, 3), amount=Decimal("202.50"))],
        billing_calendars=[BillingCalendar(id="BC", name="Fin de mois", cutoff_day=25)],
        fx_rates=[
            FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, n), rate=Decimal("1.08250001"))
            for n in range(1, 31)
        ],
        invoices=invoices,
        payments=[
            Payment(id="PAY-1", invoice="INV-1", amount=Decimal("1430.98"), currency="EUR", paid_on=date(2026, 4, 20)),
            Payment(id="PAY-2", invoice="INV-2", amount=Decimal("-9.00"), paid_on=date(2026, 4, 21)),
        ],
        revenue_schedules=[
            RevenueSchedule(id=f"RS-{n}", contract_line="CL-1", period=f"2026-{n:02d}", planned=Decimal("1000.10"),
                            recognised=Decimal("-999.99"), posted_on=date(2026, n, 28), currency="EUR")
            for n in range(1, 10)
        ],
        project_costs=[
            ProjectCost(id="PC-1", project="P-1", amount=Decimal("4000.07"), posted_on=date(2026, 3, 31)),
            ProjectCost(id="PC-2", project="P-1", amount=Decimal("-0.07"), posted_on=date(2026, 4, 1)),
        ],
    )  # fmt: skip


def stand_in(facts: Facts | None = None, systems: Mapping[str, str] = SYSTEMS) -> System:
    """The stand-in of ``facts`` with its first drop made; ``close`` it."""
    vendor = World(firm() if facts is None else facts, NOW, systems).vendors["files"]
    assert isinstance(vendor, System) and vendor.folder.exists()
    return vendor


@dataclass
class Taken:
    """What one reading of a drop folder gave."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    complete: list[str] = field(default_factory=list)
    through: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, str]:
        """File name -> what became of it."""
        return {row["path"].rpartition("/")[2]: row["status"] for row in self.records["manifest"]}

    def reason(self, name: str) -> str:
        return next(row["reason"] for row in self.records["manifest"] if row["path"].endswith(name))


class Drops:
    """A drop folder that is read again and again; what was loaded is remembered as the warehouse would."""

    def __init__(self, root: Path, folder: Folder | None = None) -> None:
        self.root = root
        self.inbox = root / "inbox"
        self.inbox.mkdir(exist_ok=True)
        self.folder = folder or LocalFolder(root)
        self.known: dict[str, Known] = {}

    def put(self, name: str, content: bytes) -> Path:
        path = self.inbox / name
        path.write_bytes(content)
        return path

    def read(self, *objects: str, domains: tuple[str, ...] = ("erp", "bank"), forget: bool = False) -> Taken:
        """Read these objects and the manifest; ``forget``: the load did not reach the warehouse."""
        client = DropFolder(self.folder, load_feeds(), self.known, domains)
        taken = Taken()
        for name in dict.fromkeys([*(objects or OBJECTS), "manifest"]):
            taken.through[name] = client.complete_through(OBJECTS[name])
            for page in client.fetch(OBJECTS[name]):
                if isinstance(page, CompleteSet):
                    taken.complete.append(name)
                elif isinstance(page, Deleted):
                    taken.deleted[name] += page.keys
                else:
                    taken.records[name] += [msgspec.json.decode(bytes(record)) for record in page]
        if not forget:
            for row in taken.records["manifest"]:
                if row["status"] in (LOADED, UNCHANGED):
                    sha, stamp = row["sha256"], datetime.fromisoformat(row["file_stamp"])
                    stamp = max([stamp, *(k.stamp for k in [self.known.get(sha)] if k)])
                    self.known[sha] = Known(sha, row["feed"], stamp, row["records"])
        return taken

    def names(self, folder: str) -> list[str]:
        """Names of the files in ``folder``, without their hashes."""
        return sorted(
            path.name if folder in ("inbox", "quarantine") else path.name[17:]
            for path in (self.root / folder).rglob("*")
            if path.is_file()
        )

    def error(self, name: str) -> dict[str, Any]:
        """The reason beside a quarantined file."""
        (path,) = (self.root / "quarantine").rglob(f"{name}.error.json")
        assert path.with_name(name).exists()
        return json.loads(path.read_text())
