"""Reading the register, deciding about findings, asking about items, and replays by name."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import warehouse as turns
from ingestion.warehouse import exclusive
from orchestration import register
from tests.unit.test_cli import TINY_REGISTER, built, data_dir, leakage

__all__ = ["built", "data_dir"]


def decided(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        return connection.execute(
            "select finding_id, decision, reason, decided_by, as_of_date, verdict, amount, currency"
            " from control.finding_decision order by decided_at"
        ).fetchall()


def asked(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert leakage(monkeypatch, "explain", *arguments, "--json") == 0
    return dict(json.loads(capfd.readouterr().out))


def test_decisions_are_appended_with_what_was_seen(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "decide", "aaaa", "--reject", "--reason", " agreed ", "--by", "jane", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["finding_id"], said["decision"], said["amount"]) == ("aaaa1111", "rejected", "2000.00")
    assert leakage(monkeypatch, "decide", "aaaa1111", "--accept", "--by", "joe") == 0
    assert "aaaa1111 accepted by joe; the next run shows it" in capfd.readouterr().out
    seen = (date(2026, 4, 30), "at_risk", Decimal("2000.0000"), "USD")
    assert decided(built) == [
        ("aaaa1111", "rejected", "agreed", "jane", *seen),
        ("aaaa1111", "accepted", None, "joe", *seen),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zzz", "--accept", "--by", "jane"], "finding id 'zzz': no finding has it"),
        (["bbbb", "--accept", "--by", "jane"], "finding id 'bbbb': 2 findings begin with it"),
        (["aaaa", "--reject", "--by", "jane"], "--reason: a rejected finding needs a reason"),
        (["aaaa", "--reject", "--by", "jane", "--reason", "  "], "--reason: a rejected finding needs a reason"),
        (["aaaa", "--accept"], "--by: say who decides"),
        (["aaaa", "--by", "jane"], "decide: say either --accept or --reject"),
        (["aaaa", "--accept", "--reject", "--by", "jane"], "decide: say either --accept or --reject"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_one_sentence(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert leakage(monkeypatch, "decide", *arguments) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""
    assert decided(built) == []


def test_a_decision_waits_for_its_turn_at_the_warehouse(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.1)
    with exclusive(built / "warehouse.duckdb"):
        assert leakage(monkeypatch, "decide", "aaaa", "--accept", "--by", "jane") == 2
    assert "another run has kept the warehouse busy" in capfd.readouterr().err
    assert decided(built) == []


def test_a_warehouse_of_an_earlier_version_keeps_decisions_too(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute("drop schema control cascade")
    assert leakage(monkeypatch, "decide", "aaaa", "--accept", "--by", "jane") == 0
    assert [row[:2] for row in decided(built)] == [("aaaa1111", "accepted")]


def test_totals_leave_out_what_is_not_counted(built: Path) -> None:
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute("update marts.leakage__findings set is_counted = false where finding_id = 'aaaa1111'")
        assert register.leakage_by_currency(register.findings(connection)) == {"EUR": Decimal("136.3600")}


@pytest.mark.parametrize("name", ["psa1:80", "time_entry:psa1:80"])
def test_an_item_says_why_it_is_no_leak(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    said = asked(monkeypatch, capfd, name)
    assert (said["verdict"], said["category"], said["reason"]) == ("not_yet_due", "billing_hold", "awaiting_po")
    assert (said["gate"], said["causes"], said["answer"]) == ("rated", ["consultant"], "not due on an invoice yet")
    assert (said["entitled_amount"], said["billed_amount"], said["open_amount"]) == ("500.00", "0.00", "500.00")
    assert [(c["category"], c["amount"]) for c in said["claims"]] == [("billing_hold", "500.00")]
    assert said["findings"] == []
    steps = [step["step"] for step in said["chain"]]
    assert steps[0] == "opportunity" and steps[-2:] == ["time entry", "invoice line"]


def test_an_item_that_leaks_names_its_finding(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said = asked(monkeypatch, capfd, "time_entry:psa1:77")
    assert [f["finding_id"] for f in said["findings"]] == ["aaaa1111"]
    assert any(s["step"] == "rate card version" and "200.00 USD per hour" in s["detail"] for s in said["chain"])


def test_an_item_for_people(built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert leakage(monkeypatch, "explain", "psa1:81") == 0
    out = capfd.readouterr().out
    for said in ("time_entry:psa1:81 billed: billed in full", "200.00 USD", "190.00 USD", "10.00 USD", "time entry"):
        assert said in out, said


def test_a_record_that_is_no_item_is_answered_by_its_finding(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute("alter table canonical.invoice add column source_system varchar default 'erp1'")
        connection.execute("alter table canonical.invoice add column source_id varchar default 'other'")
        connection.execute("alter table canonical.invoice add column issue_date date")
        connection.execute("alter table canonical.invoice add column net_amount decimal(18, 4)")
        connection.execute("alter table canonical.invoice add column currency varchar")
    assert asked(monkeypatch, capfd, "invoice:erp1:9")["finding_id"] == "bbbb3333"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("psa1:90", "several items have this id; name one of milestone:psa1:90, time_entry:psa1:90"),
        ("time_entry:psa1:82", "it was deleted in its system"),
        ("time_entry:psa1:83", "it belongs to no billable work of any contract"),
        ("time_entry:psa1:999", "no such record was loaded"),
        ("timesheet:psa1:77", "no finding is about it; items are named time_entry, expense_item"),
        ("psa1:999", "no finding has it"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert leakage(monkeypatch, "explain", name) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""


def test_replays_are_read_by_name(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = built / "replays" / "april"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "leakage.duckdb")) as connection:
        connection.execute(TINY_REGISTER.read_text("utf-8"))
        connection.execute("delete from marts.leakage__findings where finding_id <> 'aaaa1111'")
    assert leakage(monkeypatch, "findings", "--replay", "april", "--json") == 0
    assert [f["finding_id"] for f in json.loads(capfd.readouterr().out)] == ["aaaa1111"]
    assert asked(monkeypatch, capfd, "aaaa", "--replay", "april")["finding_id"] == "aaaa1111"
    for name in ("may", "../replays/april"):
        assert leakage(monkeypatch, "findings", "--replay", name) == 2
        assert f"no replay is called {name!r}; there are: april" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "yesterday"], "--as-of: 'yesterday' is not a date, write it as 2026-04-30"),
        (["--as-of", "2026-02-30"], "--as-of: '2026-02-30' is not a day of the calendar"),
        (["--as-of", "2026-04-30", "--known-at", "noon"], "--known-at: 'noon' is not a time"),
        (["--as-of", "2026-04-30", "--name", "../live"], "--name: '../live' is not a name"),
        (["--as-of", "2026-04-30"], "nothing was loaded here yet"),
    ],
)
def test_a_replay_that_cannot_be_made_is_one_sentence(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert leakage(monkeypatch, "replay", *arguments) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""


def test_the_register_for_people_says_what_was_decided(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute("alter table marts.leakage__findings add column status varchar default 'open'")
        connection.execute("update marts.leakage__findings set status = 'rejected' where finding_id = 'aaaa1111'")
    assert leakage(monkeypatch, "findings") == 0
    lines = [line for line in capfd.readouterr().out.splitlines() if "[" in line]
    assert len(lines) == 1 and lines[0].startswith("aaaa1111") and lines[0].endswith("Acme [rejected]")
