"""Legacy finance and regional billing tools, and the firm's bank: nobody asks them, they drop files into a folder.

The folder exists from the moment that its address is asked for until ``close``. A first drop holds everything; each
time the facts change there is another one: complete sets of master data, changes of everything else, and what the bank
has booked since. Files appear complete, by a rename.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from ingestion.sandbox.systems.files.bank import Bank
from ingestion.sandbox.systems.files.exports import EXPORTS, GONE
from ingestion.sandbox.systems.files.records import RATE_TYPE, Builder, Row, number
from ingestion.sandbox.world import VendorSystem, World


class System(VendorSystem):
    """The drop folder of the ERP's tools and of the bank; each part drops only when it serves its domain."""

    name: ClassVar[str] = "files"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._last: datetime | None = None
        self._sent: dict[str, dict[str, Row]] = {}
        self._bank = Bank()

    def external_id(self, kind: str, fact_id: str) -> str:
        """The tools' own number of a fact; a rate is known by what it is the rate of."""
        if kind == "fx_rates":
            rate = next(r for r in self.world.facts.fx_rates if r.id == fact_id)
            return f"{rate.from_currency}-{rate.to_currency}-{rate.rate_date}-{RATE_TYPE[rate.rate_type]}"
        return number(kind, fact_id)

    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by feed, before they are written in any format."""
        return Builder(self).build()

    def routes(self) -> list[BaseRoute]:
        """Nothing is served."""
        return []

    def credentials(self, base_url: str) -> dict[str, str]:
        """Where the files are; the first call drops them. They are complete as they appear, so nobody has to wait."""
        return {"SOURCES__FILES__LOCATION": str(self.folder), "SOURCES__FILES__STABLE_SECONDS": "0"}

    def expire_tokens(self) -> None:
        """There are none."""

    def rate_limited(self) -> Response:
        """Nobody asks, so nobody asks too often."""
        return Response(status_code=404)

    @property
    def folder(self) -> Path:
        """The drop folder; made and filled when it is first asked for."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="leakage-files-")
            (Path(self._folder.name) / "inbox").mkdir()
            self.drop()
        return Path(self._folder.name)

    def facts_replaced(self) -> None:
        """The tools' next export."""
        if self._folder is not None:
            self.drop()

    def forget(self) -> None:
        """Empty the folder; the next drop is a first one."""
        self._last, self._sent, self._bank = None, {}, Bank()
        if self._folder is not None:
            for part in Path(self._folder.name).iterdir():
                shutil.rmtree(part)
            (Path(self._folder.name) / "inbox").mkdir()

    def close(self) -> None:
        """Remove the folder; the next one starts from nothing."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self.forget()

    def drop(self) -> None:
        """Write what an export at this moment holds."""
        # Two exports of the same second would have the same name.
        now = self.now.replace(microsecond=0)
        if self._last is not None:
            now = max(now, self._last + timedelta(seconds=1))
        self._last = now
        if "erp" in self._domains:
            for feed, rows in self.tables().items():
                self._export(feed, rows, f"{now:%Y%m%d%H%M%S}")
        if "bank" in self._domains:
            payments = [p for p in self.facts("payments") if p.deleted_at is None or p.deleted_at > self.now]
            for name, content in self._bank.statements(self.world.facts, payments, now).items():
                self._write(name, content)

    @property
    def _domains(self) -> set[str]:
        return {domain for domain, name in self.world.systems.items() if name == self.name}

    def _export(self, feed: str, rows: list[Row], stamp: str) -> None:
        export = EXPORTS[feed]
        if export.is_delta:
            sent: Mapping[str, Row] = self._sent.get(feed, {})
            now = {row[export.key]: row for row in rows}
            rows = [row for row in rows if sent.get(row[export.key]) != row]
            rows += [{**row, GONE: True} for key, row in sent.items() if key not in now]
            self._sent[feed] = now
        self._write(export.name.format(stamp), export.writer(rows, stamp))

    def _write(self, name: str, content: bytes) -> None:
        assert self._folder is not None
        inbox = Path(self._folder.name) / "inbox"
        unfinished = inbox / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.rename(inbox / name)
