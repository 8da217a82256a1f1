"""Files, parsers and servers that others wrote: a bank that is not ours, readers to compare with, SFTP, spreadsheets."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncssh
import duckdb
import openpyxl
import pytest
from bankstatementparser import Bai2Parser, CamtParser
from mockbank.server import Config, make_server
from pycamt.parser import Camt053Parser

from ingestion import pipelines
from ingestion.http.errors import PermanentError, TransientError
from ingestion.sandbox.facts import Invoice, InvoiceLine, Payment
from ingestion.sources.files import connect
from ingestion.sources.files import sftp as sftp_module
from ingestion.sources.files.sftp import SftpFolder
from tests.drops import Drops, firm, stand_in

# --- a bank that is not ours ---


class Bank:
    """mock-bank over HTTP: collections go in, days pass, statements come out."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(
        self, path: str, body: bytes | None = None, method: str | None = None, media: str = "application/xml"
    ) -> Any:
        request = urllib.request.Request(self.address + path, body, {"Content-Type": media}, method=method)
        text = urllib.request.urlopen(request, timeout=10).read()
        return json.loads(text) if text[:1] in b"[{" else text

    def collect(self, creditor: str, *parts: tuple[str, str, str], currency: str = "EUR") -> None:
        """Direct debits of our customers, as (end-to-end id, amount, text)."""
        total = sum(Decimal(amount) for _, amount, _ in parts)
        single = "".join(
            f'<DrctDbtTxInf><PmtId><EndToEndId>{key}</EndToEndId></PmtId><InstdAmt Ccy="{currency}">{amount}</InstdAmt>'
            "<DrctDbtTx><MndtRltdInf><MndtId>M</MndtId><DtOfSgntr>2026-01-01</DtOfSgntr></MndtRltdInf></DrctDbtTx>"
            "<DbtrAgt><FinInstnId><BICFI>DEUTDEFF</BICFI></FinInstnId></DbtrAgt><Dbtr><Nm>Käufer GmbH</Nm></Dbtr>"
            "<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
            f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></DrctDbtTxInf>"
            for key, amount, text in parts
        )
        sums = f"<NbOfTxs>{len(parts)}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        pain = (
            '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.08">'
            f"<CstmrDrctDbtInitn><GrpHdr><MsgId>{parts[0][0]}</MsgId><CreDtTm>2026-04-27T09:00:00</CreDtTm>{sums}"
            f"<InitgPty><Nm>Firm</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>1</PmtInfId><PmtMtd>DD</PmtMtd>{sums}"
            "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>CORE</Cd></LclInstrm><SeqTp>OOFF</SeqTp></PmtTpInf>"
            f"<ReqdColltnDt>2026-04-28</ReqdColltnDt><Cdtr><Nm>ACME</Nm></Cdtr><CdtrAcct><Id><IBAN>{creditor}</IBAN></Id>"
            "</CdtrAcct><CdtrAgt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></CdtrAgt><ChrgBr>SLEV</ChrgBr>"
            "<CdtrSchmeId><Id><PrvtId><Othr><Id>NL00ZZZ1</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr></PrvtId></Id>"
            f"</CdtrSchmeId>{single}</PmtInf></CstmrDrctDbtInitn></Document>"
        )
        answer = self.call("/payments", pain.encode())
        assert answer["accepted"] == len(parts), answer

    def pass_days(self, days: int) -> None:
        self.call(f"/_mock/advance?days={days}", b"")

    def statements(self, account: str, kind: str) -> Iterator[tuple[str, bytes]]:
        """Id and text of the account's statements, oldest first."""
        for message in self.call("/_mock/mailbox"):
            if message["type"].startswith(kind) and message["account"] == account:
                yield str(message["id"]), self.call(f"/_mock/mailbox/{message['id']}")


@pytest.fixture
def bank() -> Iterator[Bank]:
    server = make_server(Config(port=0, quiet=True, clock="2026-04-27T09:00"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Bank(f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture
def drops(tmp_path: Path) -> Drops:
    return Drops(tmp_path)


def test_statements_of_another_bank_and_a_collection_that_comes_back(bank: Bank, drops: Drops) -> None:
    iban = bank.call("/_mock/accounts/ACME")["iban"]
    bank.collect(iban, ("INV-100", "250.50", "thank you"), ("E2E-2", "100.25", "Invoice INV-200, thanks"))
    bank.pass_days(2)
    bank.call("/_mock/collections/E2E-2/refuse", b'{"reason": "MD01"}', media="application/json")
    bank.pass_days(2)
    for key, text in bank.statements("ACME", "camt.053"):
        drops.put(f"camt.053-ACME-{key}.xml", text)
    taken = drops.read("camt_entries")
    assert len(taken.statuses) >= 3 and set(taken.statuses.values()) == {"loaded"}
    one, two, back = taken.records["camt_entries"]
    assert (one["amount"], one["end_to_end_id"], one["counterparty_name"]) == ("250.50", "INV-100", "Käufer GmbH")
    assert (two["amount"], two["remittance_text"], two["booking_date"]) == (
        "100.25",
        "Invoice INV-200, thanks",
        "2026-04-28",
    )
    assert (back["amount"], back["is_reversal"], back["end_to_end_id"]) == ("-100.25", True, "E2E-2")
    assert {r["account"] for r in taken.records["camt_entries"]} == {iban}


def test_a_statement_with_a_hole_is_refused(bank: Bank, drops: Drops) -> None:
    account = bank.call("/_mock/accounts/ACME")
    patch = json.dumps({"behaviour": "statement-gap"}).encode()
    bank.call("/_mock/accounts/ACME", patch, "PATCH", "application/json")
    bank.collect(account["iban"], ("INV-100", "250.50", "x"), ("INV-101", "1.00", "y"))
    bank.pass_days(2)
    for key, text in bank.statements("ACME", "camt.053"):
        drops.put(f"camt.053-ACME-{key}.xml", text)
    taken = drops.read("camt_entries")
    refused = [row for row in taken.records["manifest"] if row["status"] == "quarantined"]
    assert len(refused) == 1 and "does not add up" in refused[0]["reason"]
    assert taken.records["camt_entries"] == []


def test_bai2_of_another_bank(bank: Bank, drops: Drops) -> None:
    patch = json.dumps({"format": "nacha", "currency": "USD"}).encode()
    bank.call("/_mock/accounts/ACME", patch, "PATCH", "application/json")
    iban = bank.call("/_mock/accounts/ACME")["iban"]
    bank.collect(iban, ("INV-100", "250.50", "x"), ("INV-101", "1.25", "y"), currency="USD")
    bank.pass_days(2)
    for key, text in bank.statements("ACME", "bai2"):
        drops.put(f"ACME-{key}.bai2", text)
    taken = drops.read("bai_transactions")
    assert set(taken.statuses.values()) == {"loaded"}
    rows = taken.records["bai_transactions"]
    assert [(r["amount"], r["currency"], r["type_code"]) for r in rows] == [
        ("250.50", "USD", "165"),
        ("1.25", "USD", "165"),
    ]
    assert {r["as_of_date"] for r in rows} == {"2026-04-28"}


# --- readers to compare with ---


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[bytes, Path, Drops]]:
    """A camt.053 and a BAI2 file of the stand-in with batches, and the drop folder that they lie in."""
    facts = firm()
    for n in range(24):
        currency = "EUR" if n % 2 else "USD"
        line = InvoiceLine(unit_price=Decimal(100 + n))
        facts.invoices.append(
            Invoice(id=f"INV-B{n}", customer="C-2", issued_on=date(2026, 4, 1), currency=currency, lines=[line])
        )
        amount, day = Decimal(100 + n) + Decimal("0.01") * n, date(2026, 4, 10 + n % 3)
        facts.payments.append(Payment(id=f"P{n}", invoice=f"INV-B{n}", amount=amount, currency=currency, paid_on=day))
    vendor = stand_in(facts)
    camt, report = (next(vendor.folder.rglob(pattern)) for pattern in ("EUR_camt*", "*.bai"))
    kept = tmp_path_factory.mktemp("report") / report.name
    kept.write_bytes(report.read_bytes())
    yield camt.read_bytes(), kept, Drops(vendor.folder)
    vendor.close()


def test_two_other_parsers_see_the_same_entries(busy: tuple[bytes, Path, Drops]) -> None:
    content, report, drops = busy
    taken = drops.read("camt_entries", "bai_transactions")
    ours = [r for r in taken.records["camt_entries"] if r["currency"] == "EUR"]
    signed = [(Decimal(r["amount"]), r["booking_date"], r["value_date"]) for r in ours]
    assert len({r["entry_ref"] for r in ours}) < len(ours), "no batch in it"

    theirs = Camt053Parser(content).get_transactions()
    assert len(theirs) == len(ours)
    for own, other in zip(ours, theirs, strict=True):
        assert own["end_to_end_id"] == (None if other.get("EndToEndId") == "NOTPROVIDED" else other.get("EndToEndId"))
        assert own["counterparty_name"] == other.get("DebtorName")
        assert own["entry_ref"] == other["TransactionID"]
        assert own["account"] == other["AccountIBAN"]
        assert (
            "/".join(other[f"{k}Code"] for k in ("BankTransaction", "TransactionFamily", "TransactionSubFamily"))
            == (own["bank_code"])
        )
        if own["invoice_ref"] is None and own["counterparty_name"]:
            assert own["remittance_text"] == other["RemittanceInformation"]

    table = CamtParser.from_bytes(content).parse().to_dict("records")
    # This one keeps the entry's amount beside the detail's; an entry without details has no second one.
    detailed = [r for r in table if r["TransactionAmount"] == r["TransactionAmount"]]
    seen = [(r["TransactionAmount"] if r["DrCr"] == "CRDT" else -r["TransactionAmount"], r["BookgDt"], r["ValDt"])
            for r in detailed]  # fmt: skip
    assert len(seen) == len(table) - 1
    assert seen == [row for row in signed if row[0] != Decimal("-12.50")]

    reported = Bai2Parser(str(report)).parse().to_dict("records")
    own_report = taken.records["bai_transactions"]
    assert [(r["Amount"], r["BookgDt"], r["AccountId"], r["transaction_id"]) for r in reported] == [
        (Decimal(r["amount"]), r["as_of_date"], r["account"], r["bank_reference"]) for r in own_report
    ]
    assert len(own_report) > 10


# --- spreadsheets that another library wrote ---


def test_a_workbook_of_another_writer(drops: Drops) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Umsatzplan 2026"])
    sheet.append([])
    sheet.append(["Plan-Nr.", "Vertragsposition", "Monat", "Buch", "Methode", "Geplant", "Realisiert", "Währung", "Gebucht am",
                  "Bemerkung"])  # fmt: skip
    day = datetime(2026, 1, 1)
    sheet.append(["00017", "CL", day, "primary", "LINEAR", 1000.1, 0.1, "EUR", date(2026, 1, 31), "neu"])
    sheet.append([18, "CL", 46054, "primary", "LINEAR", "1.000,10", "0,20", "EUR", "28.02.2026", None])
    sheet.append(["00019", "CL", "01.03.2026", "primary", "LINEAR", None, -12345678901.25, "EUR", None, None])
    sheet.append(["Summe", None, None, None, None, None, -12345678900.95])
    buffer = io.BytesIO()
    book.save(buffer)
    drops.put("revenue_schedule_20260430.xlsx", buffer.getvalue())
    taken = drops.read("revenue_schedules")
    assert taken.statuses == {"revenue_schedule_20260430.xlsx": "loaded"}
    one, two, three = taken.records["revenue_schedules"]
    assert (one["schedule_id"], two["schedule_id"]) == ("00017", "18")
    assert [r["period_start"] for r in (one, two, three)] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert (one["planned_amount"], two["planned_amount"], three["planned_amount"]) == ("1000.1", "1000.10", None)
    assert three["recognised_amount"] == "-12345678901.25"
    assert (one["posted_date"], two["posted_date"], one["Bemerkung"]) == ("2026-01-31", "2026-02-28", "neu")


# --- SFTP ---


class SftpServer:
    """asyncssh on a free port of this machine, serving one folder; ``break_next`` cuts connections in mid-file."""

    def __init__(self, root: Path, login: Path, host_key: asyncssh.SSHKey, users: dict[str, str]) -> None:
        self.host_key, self.attempts, self.break_next = host_key, 0, 0
        outer = self

        class Server(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                outer.attempts += 1
                return True

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return users.get(username) == password

        class Files(asyncssh.SFTPServer):
            def __init__(self, channel: Any) -> None:
                super().__init__(channel, chroot=str(root).encode())
                self._connection = channel.get_connection()

            def read(self, file_obj: Any, offset: int, size: int) -> bytes:
                if outer.break_next:
                    outer.break_next -= 1
                    self._connection.abort()
                return super().read(file_obj, offset, size)

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def listen() -> Any:
            options = {"server_host_keys": [host_key], "sftp_factory": Files, "authorized_client_keys": str(login)}
            return await asyncssh.create_server(Server, "127.0.0.1", 0, **options)

        self._server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(timeout=10)

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def public_key(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    def close(self) -> None:
        self._server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)


@pytest.fixture
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
def sftp(tmp_path: Path, key: asyncssh.SSHKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    monkeypatch.setattr(sftp_module, "SFTP_BACKOFF_SECONDS", 0.01)
    (tmp_path / "drop" / "inbox").mkdir(parents=True)
    login = tmp_path / "authorized_keys"
    login.write_bytes(key.export_public_key())
    server = SftpServer(tmp_path, login, asyncssh.generate_private_key("ssh-ed25519"), {"bank": "s3cret"})
    yield server
    server.close()


def folder(server: SftpServer, **other: Any) -> SftpFolder:
    values: dict[str, Any] = {"username": "bank", "host_key": server.public_key, "password": "s3cret"}
    return SftpFolder("127.0.0.1", server.port, "/drop", **{**values, **other})


def test_the_whole_way_over_sftp(sftp: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = stand_in()
    for path in (vendor.folder / "inbox").iterdir():
        (tmp_path / "drop" / "inbox" / path.name).write_bytes(path.read_bytes())
    vendor.close()
    settings = {
        "LOCATION": f"sftp://bank@127.0.0.1:{sftp.port}/drop", "PASSWORD": "s3cret", "HOST_KEY": sftp.public_key,
        "STABLE_SECONDS": "0",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__FILES__{name}", value)
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LEAKAGE_SYSTEMS", "erp=files,bank=files")
    sftp.break_next = 2
    pipelines.run("files")
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute("select document_number, gross_amount from raw_files.invoices order by 1").fetchall()
    assert found == [("CM-1", Decimal("-1202.5000")), ("INV-1", Decimal("1430.9800")), ("INV-2", Decimal("9.0000"))]
    assert sftp.break_next == 0
    assert list((tmp_path / "drop" / "inbox").iterdir()) == []
    connect()
    assert len([p for p in (tmp_path / "drop" / "archive").rglob("*") if p.is_file()]) == 19


def test_files_move_over_sftp_as_they_do_on_a_disk(sftp: SftpServer, tmp_path: Path) -> None:
    drops = Drops(tmp_path / "drop", folder(sftp))
    drops.put("company_list_20260401.csv", b"Company Code,Company Name,Currency,Country,Parent Code\na,A,USD,US,\n")
    drops.put("company_list_20260402.csv", b"Company Code,Name\n")
    drops.put("company_list_20260403.csv.part", b"Company Code")
    first = drops.read("legal_entities")
    assert first.statuses == {"company_list_20260401.csv": "loaded", "company_list_20260402.csv": "quarantined"}
    assert drops.names("processing") == ["company_list_20260401.csv"]
    assert "column name is missing" in drops.error("company_list_20260402.csv")["reason"]
    assert drops.read("legal_entities").records["legal_entities"] == []
    assert drops.names("archive") == ["company_list_20260401.csv"]
    assert drops.names("inbox") == ["company_list_20260403.csv.part"]


def test_a_server_with_another_key_is_not_spoken_to(sftp: SftpServer) -> None:
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        other = asyncssh.generate_private_key(kind).export_public_key().decode()
        with pytest.raises(PermanentError, match="instead of the pinned host key SHA256:") as failure:
            folder(sftp, host_key=other).files("inbox")
        assert "s3cret" not in str(failure.value)
    assert sftp.attempts == 0, "the password was offered to a stranger"
    with pytest.raises(PermanentError, match="host_key is not a public key"):
        folder(sftp, host_key="AAAA")


def test_without_a_host_key_no_connection_is_made(sftp: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__FILES__LOCATION", f"sftp://bank@127.0.0.1:{sftp.port}/drop")
    monkeypatch.setenv("SOURCES__FILES__PASSWORD", "s3cret")
    with pytest.raises(PermanentError, match="host_key not configured"):
        connect()
    assert sftp.attempts == 0


def test_keys_and_passwords(sftp: SftpServer, key: asyncssh.SSHKey) -> None:
    private = key.export_private_key("openssh", passphrase="open sesame", rounds=2, ignore_few_rounds=True).decode()
    opened = folder(sftp, password=None, private_key=private, passphrase="open sesame")
    assert opened.files("inbox") == [] and opened.exists("inbox") and not opened.exists("elsewhere")
    with pytest.raises(PermanentError, match="private_key is not a readable"):
        folder(sftp, private_key=private, passphrase="wrong")
    with pytest.raises(PermanentError, match="bank was not let in") as failure:
        folder(sftp, password="guess").files("inbox")
    assert "guess" not in str(failure.value)


def test_a_server_that_keeps_breaking_off_loses_nothing(sftp: SftpServer, tmp_path: Path) -> None:
    (tmp_path / "drop" / "inbox" / "a.xml").write_bytes(b"x" * 100_000)
    sftp.break_next = 3
    with pytest.raises(TransientError, match="no answer after 3 attempts"):
        folder(sftp).read("inbox/a.xml")
    assert len(folder(sftp).read("inbox/a.xml")) == 100_000
    with pytest.raises(TransientError, match="a file is gone"):
        folder(sftp).read("inbox/b.xml")
    assert datetime.now(UTC) > folder(sftp).files("inbox")[0].modified_at
