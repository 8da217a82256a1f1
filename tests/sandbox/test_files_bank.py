"""Readers of bank statements, and the spelling of numbers and dates: the cases that stand-ins and banks rarely show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sandbox.systems.files.formats import grouped, in_parentheses, packed, trailing_minus
from ingestion.sources.files import bai, camt, spelling
from ingestion.sources.files.feed import Decimals, Refused, load_feeds

CAMT, BAI = load_feeds()["camt_entries"], load_feeds()["bai_transactions"]


def entry(amount: str, side: str = "CRDT", details: str = "", extra: str = "", status: str = "<Cd>BOOK</Cd>") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{extra}<Sts>{status}</Sts>'
        "<BookgDt><DtTm>2026-04-02T23:30:00+02:00</DtTm></BookgDt><ValDt><Dt>2026-04-03</Dt></ValDt>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount: str | None, remittance: str = "", more: str = "") -> str:
    money = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    return f"<TxDtls>{money}{more}<RmtInf>{remittance}</RmtInf></TxDtls>"


def paid(number: str, amount: str | None = None, kind: str = "RmtdAmt") -> str:
    money = f'<RfrdDocAmt><{kind} Ccy="EUR">{amount}</{kind}></RfrdDocAmt>' if amount else ""
    return f"<Strd><RfrdDocInf><Nb>{number}</Nb></RfrdDocInf>{money}</Strd>"


def balance(kind: str, amount: str, side: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd></Bal>'
    )


def statement(opening: str, closing: str, *entries: str, version: str = "08", **parts: str) -> bytes:
    """A statement of one account; ``parts``: prologue, balances or message instead of the usual ones."""
    balances = parts.get("balances", balance("OPBD", opening) + balance("CLBD", closing))
    message = parts.get("message", "BkToCstmrStmt")
    return (
        f'<?xml version="1.0"?>{parts.get("prologue", "")}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><{message}>'
        f"<GrpHdr><CreDtTm>2026-04-03T06:00:00+02:00</CreDtTm></GrpHdr><Stmt><Id>S-1</Id><Acct><Id><IBAN>DE1</IBAN></Id>"
        f"</Acct>{balances}{''.join(entries)}</Stmt></{message}></Document>"
    ).encode()


def rows(content: bytes) -> list[dict[str, Any]]:
    return [row.fields for row in camt.read(CAMT, content).rows]


# --- camt.053 ---


def test_a_batch_is_split_and_each_part_names_its_invoice() -> None:
    parts = detail("60.00", paid("INV-1")) + detail("40.00", "<Ustrd>for</Ustrd><Ustrd>INV-2</Ustrd>")
    one, two = rows(statement("0", "100.00", entry("100.00", details=parts)))
    assert (one["amount"], one["invoice_ref"], one["detail_number"]) == ("60.00", "INV-1", "1")
    assert (two["amount"], two["remittance_text"], two["invoice_ref"]) == ("40.00", "for INV-2", None)
    assert one["entry_ref"] == two["entry_ref"] == "S-1/1"
    # The day of the bank's own calendar, whatever the clock at Greenwich says.
    assert (one["booking_date"], one["value_date"]) == ("2026-04-02", "2026-04-03")


def test_one_transfer_for_several_documents_is_split_by_what_each_one_gets() -> None:
    documents = paid("INV-1", "70.00") + paid("CM-1", "10.00", "CdtNoteAmt") + paid("INV-2", "40.00")
    found = rows(statement("0", "100.00", entry("100.00", details=detail("100.00", documents))))
    assert [(r["invoice_ref"], r["amount"]) for r in found] == [
        ("INV-1", "70.00"),
        ("CM-1", "-10.00"),
        ("INV-2", "40.00"),
    ]
    (whole,) = rows(statement("0", "100.00", entry("100.00", details=detail("100.00", paid("INV-1") + paid("INV-2")))))
    assert (whole["invoice_ref"], whole["remittance_text"], whole["amount"]) == (None, "INV-1 INV-2", "100.00")
    short = paid("INV-1", "70.00") + paid("INV-2", "20.00")
    assert len(rows(statement("0", "100.00", entry("100.00", details=detail("100.00", short))))) == 1


def test_details_that_do_not_add_up_leave_the_entry_whole() -> None:
    parts = detail("60.00", "<Ustrd>INV-1</Ustrd>") + detail(None, "<Ustrd>INV-2</Ustrd>")
    (whole,) = rows(statement("0", "100.00", entry("100.00", details=parts)))
    assert (whole["amount"], whole["remittance_text"]) == ("100.00", "INV-1 INV-2")


def test_version_2_and_8_name_the_payer_in_different_places() -> None:
    party = "<RltdPties><Dbtr>{}</Dbtr><DbtrAcct><Id><IBAN>FR76</IBAN></Id></DbtrAcct></RltdPties>"
    old = statement(
        "0", "5", entry("5", details=detail(None, more=party.format("<Nm>Ärzte</Nm>")), status="BOOK"), version="02"
    )
    new = statement("0", "5", entry("5", details=detail(None, more=party.format("<Pty><Nm>Ärzte</Nm></Pty>"))))
    for content in (old, new):
        (row,) = rows(content)
        assert (row["counterparty_name"], row["counterparty_account"], row["status"]) == ("Ärzte", "FR76", "BOOK")


def test_pending_entries_are_kept_and_do_not_count() -> None:
    pending = entry("7", status="<Cd>PDNG</Cd>")
    found = rows(statement("10", "15", entry("5"), pending))
    assert [(r["status"], r["amount"]) for r in found] == [("BOOK", "5"), ("PDNG", "7")]


def test_reversals_and_returns_are_negative_and_say_so() -> None:
    back = entry("5", "DBIT", extra="<RvslInd>true</RvslInd>")
    returned = entry("3", "DBIT", details=detail("3", paid("INV-1"), "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"))
    one, two = rows(statement("10", "2", back, returned))
    assert (one["amount"], one["is_reversal"]) == ("-5", True)
    assert (two["amount"], two["is_reversal"], two["invoice_ref"]) == ("-3", True, "INV-1")


def test_references_that_tell_nothing_apart_are_no_keys() -> None:
    def ref(text: str) -> str:
        return f"<AcctSvcrRef>{text}</AcctSvcrRef>"

    marks = [ref("A"), ref("NONREF"), ref("B"), ref("B"), ""]
    found = rows(statement("0", "5", *(entry("1", extra=mark) for mark in marks)))
    assert [r["entry_ref"] for r in found] == ["A", "S-1/2", "S-1/3", "S-1/4", "S-1/5"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (statement("0", "9.99", entry("10.00")), "statement S-1 does not add up: 0 and entries of 10.00 are not 9.99"),
        (statement("0", "0", balances=balance("OPBD", "1")), "has no opening or no closing balance"),
        (statement("0", "1", entry("1", "both")), "says neither credit nor debit"),
        (statement("0", "1", entry("NaN")), "has no readable amount"),
        (statement("0", "0", message="BkToCstmrAcctRpt"), "BkToCstmrAcctRpt is no end-of-day statement"),
        (statement("0", "0")[:-20], "not readable XML"),
        (
            statement("0", "0", prologue='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "not readable XML",
        ),
    ],
)
def test_statements_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        camt.read(CAMT, content)


def test_a_debit_balance_and_several_pages_add_up() -> None:
    overdrawn = balance("OPBD", "10", "DBIT") + balance("CLBD", "5", "DBIT")
    assert rows(statement("", "", entry("5"), balances=overdrawn))[0]["amount"] == "5"
    page = balance("ITBD", "10") + balance("ITBD", "15")
    assert rows(statement("", "", entry("5"), balances=page))[0]["amount"] == "5"


# --- BAI2 ---


def report(*details: str, currency: str = "USD", group: str = "1", modifier: str = "2", summary: str = "") -> bytes:
    amounts = [int(d.split(",")[2]) for d in details if d.startswith("16")] + [
        int(a) for a in summary.split(",")[2::4] if a
    ]
    account = [f"03,ACC,{currency}{summary}/", *details]
    account.append(f"49,{sum(amounts)},{len(account) + 1}/")
    lines = [f"02,FIRM,BANK,{group},260402,2400,{currency},{modifier}/", *account]
    lines.append(f"98,{sum(amounts)},1,{len(lines) + 1}/")
    return "\n".join(["01,BANK,FIRM,260403,0600,1,,,2/", *lines, f"99,{sum(amounts)},1,{len(lines) + 2}/"]).encode()


def transactions(content: bytes) -> list[dict[str, Any]]:
    return [row.fields for row in bai.read(BAI, content).rows]


def test_the_type_code_gives_the_sign_and_the_currency_the_decimals() -> None:
    received, sent = transactions(report("16,142,12345,Z,R1,INV-1,ACME", "16,495,500,Z,R2,,OUT"))
    assert (received["amount"], received["is_reversal"], received["customer_reference"]) == ("123.45", False, "INV-1")
    assert (sent["amount"], sent["type_description"]) == ("-5.00", "Outgoing Money Transfer")
    assert transactions(report("16,142,12345,Z,R1,,", currency="JPY"))[0]["amount"] == "12345"
    assert transactions(report("16,142,12345,Z,R1,,", currency="KWD"))[0]["amount"] == "12.345"
    assert transactions(report("16,555,100,Z,R1,,RETURNED"))[0]["is_reversal"] is True


def test_text_goes_on_in_continuation_records_and_may_hold_commas() -> None:
    (row,) = transactions(report("16,142,100,V,260405,,R1,,PAYER, INC", "88,INVOICE INV-1, THANKS", "88,AND AGAIN"))
    assert row["remittance_text"] == "PAYER, INC INVOICE INV-1, THANKS AND AGAIN"
    assert (row["value_date"], row["as_of_date"]) == ("2026-04-05", "2026-04-02")


def test_a_reference_that_repeats_is_no_key() -> None:
    found = transactions(report("16,142,1,Z,R1,,", "16,142,2,Z,R1,,", "16,142,3,Z,,,", "16,142,4,Z,R2,,"))
    assert [r["transaction_ref"] for r in found] == ["2026-04-02/1", "2026-04-02/2", "2026-04-02/3", "R2"]


@pytest.mark.parametrize(("group", "modifier"), [("1", "1"), ("1", "3"), ("1", "4"), ("4", "2")])
def test_what_is_not_final_for_a_previous_day_is_left_out(group: str, modifier: str) -> None:
    content = bai.read(BAI, report("16,142,1,Z,R1,,", group=group, modifier=modifier))
    assert content.rows == [] and content.note == "1 group(s) that are not final for a previous day are left out"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (report("16,142,100,Z,R1,,").replace(b"49,100", b"49,101"), "not an intact BAI2 file"),
        (report("16,142,100,Z,R1,,").replace(b"98,100", b"98,101"), "not an intact BAI2 file"),
        (report("16,142,100,Z,R1,,").replace(b"99,100,1,7", b"99,100,1,8"), "not an intact BAI2 file"),
        (report("16,142,100,Z,R1,,")[:60], "BAI2"),
        (
            report("16,142,100,Z,R1,,").replace(b"16,142,100", b"16,142,1x0"),
            "not readable as BAI2",
        ),
        (report("16,990,100,Z,R1,,"), "Type code '990' is not supported yet"),
        (report("16,890,100,Z,R1,,"), "says neither credit nor debit"),
        (report("16,142,1,Z,R1,,", group="2"), "a group is a deletion"),
        (report("16,142,100,Z,R1,,", summary=",010,500,,,015,700,,"), "5.00 and transactions of 1.00 are not 7.00"),
    ],
)
def test_reports_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        bai.read(BAI, content)


@given(st.binary(max_size=200), st.integers(0, 120))
def test_garbage_is_refused_and_nothing_else(noise: bytes, place: int) -> None:
    good = report("16,142,100,Z,R1,,TEXT")
    for reader, feed, content in (
        (bai.read, BAI, good[:place] + noise + good[place:]),
        (camt.read, CAMT, statement("0", "0")[:place] + noise),
    ):
        try:
            reader(feed, content)
        except Refused as refused:
            assert str(refused)


# --- spelling ---

GERMAN = Decimals(point=",", thousands=".", negative="trailing")
AMERICAN = Decimals(point=".", thousands=",", negative="parentheses")
FRENCH = Decimals(point=",", thousands=" ", negative="indicator")


@pytest.mark.parametrize(
    ("written", "style", "number"),
    [
        ("1.234,50", GERMAN, "1234.50"), ("1.234,50-", GERMAN, "-1234.50"), ("12,5+", GERMAN, "12.5"),
        ("1.234", GERMAN, "1234"), ("1234,5", GERMAN, "1234.5"), ("0,00", GERMAN, "0.00"),
        ("(1,234.50)", AMERICAN, "-1234.50"), ("1,234", AMERICAN, "1234"), ("7", AMERICAN, "7"),
        ("1\u00a0234,50", FRENCH, "1234.50"), ("1\u202f234 567,5", FRENCH, "1234567.5"),
        ("-3.5", Decimals(), "-3.5"), ("+3.5", Decimals(), "3.5"), ("1'234.5", Decimals(thousands="'"), "1234.5"),
        ("  ", GERMAN, None), (None, GERMAN, None),
    ],
)  # fmt: skip
def test_numbers(written: str | None, style: Decimals, number: str | None) -> None:
    assert spelling.spelled(written, "decimal(20,4)", style, ()) == number


@pytest.mark.parametrize(
    ("written", "style"),
    [
        ("1.23", GERMAN), ("1,234.50", GERMAN), ("-1,5", GERMAN), ("12.34.567", GERMAN), ("1.234.56", GERMAN),
        ("1.234,50", AMERICAN), ("(5", AMERICAN), ("5)", AMERICAN), ("-5", AMERICAN), ("-5", FRENCH), ("5-", FRENCH),
        ("1e3", Decimals()), ("NaN", Decimals()), ("1 000", Decimals()), ("١٢", Decimals()), ("1,5", Decimals()),
        ("--1", Decimals()), ("5 EUR", GERMAN), (".5", Decimals()),
    ],
)  # fmt: skip
def test_numbers_of_another_style_never_pass(written: str, style: Decimals) -> None:
    spelled = spelling.spelled(written, "decimal(20,4)", style, ())
    assert spelled is not None and spelled.startswith("not a number written as ")
    assert spelling.amount(spelled) is None


MONEY = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=4)


@given(MONEY)
def test_what_the_tools_write_is_read_exactly(value: Decimal) -> None:
    for written, style in ((trailing_minus(value), GERMAN), (in_parentheses(value), AMERICAN)):
        assert Decimal(str(spelling.spelled(written, "decimal(20,4)", style, ()))) == value
    french = spelling.spelled(grouped(value, ",", "\u00a0"), "decimal(20,4)", FRENCH, (), value < 0)
    assert Decimal(str(french)) == value
    assert Decimal(str(spelling.implied(packed(value, 22, 4), 4))) == value


@pytest.mark.parametrize(
    ("written", "formats", "day"),
    [
        ("04.05.2026", ("%d.%m.%Y",), "2026-05-04"), ("04/05/2026", ("%m/%d/%Y",), "2026-04-05"),
        ("20260504", ("%Y%m%d",), "2026-05-04"), ("46146", ("excel",), "2026-05-04"), ("00000000", ("%Y%m%d",), None),
        ("2026-05-04", ("%d.%m.%Y", "%Y-%m-%d"), "2026-05-04"), ("", ("%Y%m%d",), None),
        ("31.02.2026", ("%d.%m.%Y",), "not a date written as %d.%m.%Y: 31.02.2026"),
        ("05/04/2026", ("%d.%m.%Y",), "not a date written as %d.%m.%Y: 05/04/2026"),
    ],
)  # fmt: skip
def test_dates(written: str, formats: tuple[str, ...], day: str | None) -> None:
    assert spelling.spelled(written, "date", GERMAN, formats) == day


def test_implied_decimals_need_digits_and_their_sign_behind() -> None:
    assert spelling.implied("0012345-", 2) == "-123.45"
    assert spelling.implied("00000001 ", 8) == "0.00000001"
    assert str(spelling.implied("-12345", 2)).startswith("not digits")
    assert spelling.implied("   ", 2) is None
