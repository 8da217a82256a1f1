"""Alerts about the exception queue, received by servers on this machine."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from ingestion.config import ConfigurationError
from orchestration import alerts, control
from orchestration.alerts import Outcome
from tests.receivers import Web, mail_receiver, web_receiver
from tests.unit.test_cli import data_dir, leakage

__all__ = ["data_dir"]

QUEUE = """
create schema marts;
create table marts.operations__exceptions as
select
  id as exception_id, date '2026-04-30' as as_of_date, 'unbilled_approved_time' as kind, owner, severity, 'open' as status,
  sentence, 'Add the time to the next invoice' as action, 'Nordwind' as customer_name, date '2026-03-01' as period_month,
  2 as record_count, cast(amount as decimal(18, 4)) as amount, 'EUR' as currency, date '2026-05-02' as deadline_date,
  date '2026-04-20' as first_seen_date, 10 as age_days, level as escalation_level, cast(null as date) as snoozed_until_date
from (
  values
  ('aaaa1', 'FIN', 'high', '42,300 EUR of approved March time for Nordwind has no invoice', 42300.00, 0),
  ('bbbb2', 'FIN', 'low', '90.00 EUR of March expenses for Nordwind was never passed on', 90.00, 0),
  ('cccc3', 'IT', 'medium', '1,600 EUR of March records for 北辰银行 did not reach the next system', 1600.00, 1)
) as e(id, owner, severity, sentence, amount, level);
"""


@pytest.fixture
def queue(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with three exceptions, two of finance and one of IT."""
    data_dir.mkdir()
    for name in ("ALERTS__TARGETS", "ALERTS__ROUTES", "ALERTS__ESCALATIONS"):
        monkeypatch.delenv(name, raising=False)
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        connection.execute(QUEUE)
    return data_dir


@pytest.fixture
def hook() -> Iterator[Web]:
    with web_receiver() as web:
        yield web


def route(monkeypatch: pytest.MonkeyPatch, targets: dict[str, str], **routes: Any) -> None:
    """Configure targets, routes by owner, and ``escalations``."""
    monkeypatch.setenv("ALERTS__TARGETS", json.dumps(targets))
    monkeypatch.setenv("ALERTS__ESCALATIONS", json.dumps(routes.pop("escalations", {})))
    monkeypatch.setenv("ALERTS__ROUTES", json.dumps(routes))


def change(folder: Path, assignment: str) -> None:
    """The next run finds the queue changed."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"update marts.operations__exceptions set {assignment}")


def told(outcome: Outcome) -> list[tuple[str, list[str], int]]:
    return [(a.target, [e["exception_id"] for e in a.exceptions], a.unchanged) for a in outcome.sent]


def webhook(web: Web) -> str:
    return f"json://127.0.0.1:{web.port}/alerts"


def test_a_digest_tells_each_owner_once_in_business_words(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_receiver() as (port, mails):
        mail = f"mailto://127.0.0.1:{port}?from=leakage@firm.example&to=finance@firm.example&mode=insecure"
        route(monkeypatch, {"mail": mail, "hook": webhook(hook)}, FIN=["mail"], IT=["hook"])
        assert told(alerts.send("digest")) == [("mail", ["aaaa1", "bbbb2"], 0), ("hook", ["cccc3"], 0)]
        assert told(alerts.send("digest")) == [], "nothing has changed"
    (message,) = mails
    assert str(make_header(decode_header(message["Subject"]))) == "Finance: 2 new or more urgent exceptions"
    assert message["To"].endswith("finance@firm.example") or "finance@firm.example" in message["To"]
    parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    text = parts[0].get_payload(decode=True).decode()
    assert "42,300 EUR of approved March time for Nordwind has no invoice." in text
    assert "What to do: Add the time to the next invoice." in text
    assert "(high severity, since 2026-04-20; id aaaa1)" in text
    (posted,) = hook.received
    assert posted["title"] == "IT: 1 new or more urgent exception"
    assert "for 北辰银行 did not reach" in posted["message"] and "escalation level 1" in posted["message"]


def test_what_gets_worse_is_told_again_and_what_does_not_is_not(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(monkeypatch, {"hook": webhook(hook)}, FIN=["hook"])
    assert told(alerts.send("digest")) == [("hook", ["aaaa1", "bbbb2"], 0)]
    change(queue, "escalation_level = 1 where exception_id = 'aaaa1'")
    assert told(alerts.send("digest")) == [("hook", ["aaaa1"], 1)]
    assert "1 more open, unchanged since you were told: leakage exceptions --owner FIN" in hook.received[-1]["message"]
    change(queue, "severity = 'medium' where exception_id = 'bbbb2'")
    assert told(alerts.send("digest")) == [("hook", ["bbbb2"], 1)]
    change(queue, "severity = 'low', amount = 50 where exception_id = 'bbbb2'")
    assert told(alerts.send("digest")) == [], "what has become less is not told"
    change(queue, "first_seen_date = date '2026-04-28', escalation_level = 0 where exception_id = 'aaaa1'")
    assert told(alerts.send("digest")) == [], "its oldest part was solved"
    change(queue, "as_of_date = date '2026-05-04'")
    change(queue, "first_seen_date = date '2026-05-03' where exception_id = 'aaaa1'")
    assert told(alerts.send("digest")) == [("hook", ["aaaa1"], 1)], "it was gone and came back"


def test_immediate_are_the_severe_and_those_that_nobody_solved(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_receiver() as directors:
        targets = {"hook": webhook(hook), "directors": webhook(directors)}
        route(monkeypatch, targets, FIN=["hook"], IT=["hook"], escalations={"1": ["directors"], "3": ["hook"]})
        sent = told(alerts.send("immediate"))
        assert sent == [("hook", ["aaaa1"], 0), ("hook", ["cccc3"], 0), ("directors", ["cccc3"], 0)]
        assert [m["title"] for m in hook.received] == ["Finance: act now", "IT: act now (level 1, open for 10 days)"]
        assert len(directors.received) == 1
        assert told(alerts.send("digest")) == [("hook", ["bbbb2"], 1)], "one message is enough, whichever way it came"


def test_a_target_that_fails_is_asked_again_and_the_others_are_not(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with web_receiver() as broken:
        broken.answer = 500
        route(monkeypatch, {"hook": webhook(hook), "broken": webhook(broken)}, FIN=["hook", "broken"])
        assert leakage(monkeypatch, "alerts", "send", "--digest") == 1
        shown = capfd.readouterr()
        assert "told hook: Finance: 2 new" in shown.out
        assert shown.err == "leakage: broken did not take an alert for FIN; check [alerts.targets] and send again\n"
        broken.answer = 200
        assert leakage(monkeypatch, "alerts", "send", "--digest") == 0
        assert (len(hook.received), len(broken.received)) == (1, 1)
        assert leakage(monkeypatch, "alerts", "send", "--digest") == 0
        assert "nothing new to tell" in capfd.readouterr().out


def test_an_interrupted_run_sends_nothing_twice_unless_it_is_told_to(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from orchestration.alerts.delivery import Sender

    route(monkeypatch, {"hook": webhook(hook)}, FIN=["hook"])
    deliver = Sender.send

    def killed(self: Sender, alert: alerts.Alert) -> bool:
        deliver(self, alert)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Sender, "send", killed)
        alerts.send("digest")
    assert leakage(monkeypatch, "alerts", "send", "--digest") == 0
    assert "1 alert(s) may or may not have arrived" in capfd.readouterr().err
    assert len(hook.received) == 1
    assert told(alerts.send("digest", repeat_in_doubt=True)) == [("hook", ["aaaa1", "bbbb2"], 0)]
    outcome = alerts.send("digest", repeat_in_doubt=True)
    assert told(outcome) == [] and len(hook.received) == 2
    events = [(row["event_type"], row["exception_id"]) for row in control.read("alert_event", "what was sent")]
    ids = ("aaaa1", "bbbb2")
    assert events == [(event, i) for event in ("sending", "sending", "sent") for i in ids]


def test_a_dry_run_says_what_it_would_send_and_does_nothing(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    route(monkeypatch, {"hook": webhook(hook)}, FIN=["hook"])
    assert leakage(monkeypatch, "alerts", "send", "--digest", "--dry-run", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["sent"][0]["exceptions"], said["failed"], said["is_dry_run"]) == (["aaaa1", "bbbb2"], [], True)
    assert leakage(monkeypatch, "alerts", "send", "--digest", "--dry-run") == 0
    assert "would tell hook: Finance: 2 new or more urgent exceptions" in capfd.readouterr().out
    assert hook.received == [] and control.read("alert_event", "what was sent") == []


def test_what_was_put_off_is_not_told_even_before_the_next_run(
    queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    route(monkeypatch, {"hook": webhook(hook)}, FIN=["hook"])
    snoozed = ["--reason", "the customer answers on Friday", "--by", "jane"]
    assert leakage(monkeypatch, "snooze", "aaaa", "--until", "2026-05-08", *snoozed) == 0
    assert "aaaa1 snoozed until 2026-05-08 by jane" in capfd.readouterr().out
    assert told(alerts.send("digest")) == [("hook", ["bbbb2"], 0)]
    (kept,) = control.read("exception_decision", "the decision")
    assert (kept["exception_id"], kept["until_date"], kept["reason"]) == ("aaaa1", date(2026, 5, 8), snoozed[1])
    assert leakage(monkeypatch, "snooze", "aaaa", "--until", "2026-04-30", *snoozed) == 0
    assert told(alerts.send("digest")) == [("hook", ["aaaa1"], 1)], "taken back"


def test_slack_and_teams_get_the_same_words(queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{hook.port}/services")
    with web_receiver(tls=True) as teams:
        route(
            monkeypatch,
            {
                "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#finance",
                "teams": f"workflows://127.0.0.1:{teams.port}/flow/signature?verify=no",
            },
            FIN=["slack", "teams"],
        )
        outcome = alerts.send("digest")
        assert [a.target for a in outcome.sent] == ["slack", "teams"] and outcome.failed == []
    for (received,) in (hook.received, teams.received):
        assert "42,300 EUR of approved March time for Nordwind has no invoice" in json.dumps(received)


@pytest.mark.parametrize(
    ("targets", "routes", "said"),
    [
        ({}, {"FIN": ["mail"]}, "alerts: nobody is told; set [alerts.targets] and [alerts.routes]"),
        (
            {"mail": "json://x"},
            {"FIN": ["post"]},
            "routes of FIN names 'post', which is in no line of [alerts.targets]",
        ),
        (
            {"mail": "json://x"},
            {"HR": ["mail"]},
            "alerts: routes names 'HR'; write one of FIN, PMO, SVC, SOP, IT, PROC",
        ),
        (
            {"mail": "json://x"},
            {"FIN": ["mail"], "escalations": {"4": ["mail"]}},
            "escalations names '4'; write one of",
        ),
        ({"mail": "gopher://user:s3cret@x"}, {"FIN": ["mail"]}, "the URL of target 'mail' is none that apprise knows"),
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence(
    queue: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    targets: dict[str, str],
    routes: dict[str, Any],
    said: str,
) -> None:
    route(monkeypatch, targets, **routes)
    assert leakage(monkeypatch, "alerts", "send", "--digest") == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and "s3cret" not in shown.err


def test_no_secret_of_a_url_is_shown_or_logged(
    queue: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    route(monkeypatch, {"hook": "json://user:s3cret@127.0.0.1:1/t0ken"}, FIN=["hook"])
    assert leakage(monkeypatch, "alerts", "send", "--digest") == 1
    shown = capfd.readouterr()
    everything = shown.out + shown.err + caplog.text + str(control.read("alert_event", "what was sent"))
    assert "hook" in everything
    assert "s3cret" not in everything and "t0ken" not in everything


def test_one_at_a_time(queue: Path, hook: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    route(monkeypatch, {"hook": webhook(hook)}, FIN=["hook"])
    with (
        FileLock(queue / "alerts.lock"),
        pytest.raises(ConfigurationError, match="alerts are being sent already"),
    ):
        alerts.send("digest")


def test_the_queue_for_people_and_scripts(
    queue: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "exceptions", "--owner", "FIN", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert [(e["exception_id"], e["amount"], e["currency"]) for e in said] == [
        ("aaaa1", "42300.00", "EUR"),
        ("bbbb2", "90.00", "EUR"),
    ]
    change(queue, "status = 'snoozed', snoozed_until_date = date '2026-05-08' where exception_id = 'bbbb2'")
    assert leakage(monkeypatch, "exceptions") == 0
    shown = capfd.readouterr().out
    assert "Finance\n  aaaa1  high    42,300 EUR of approved March time" in shown and "bbbb2" not in shown
    assert "IT\n  cccc3" in shown and "(since 2026-04-20, level 1)" in shown
    assert leakage(monkeypatch, "exceptions", "--snoozed") == 0
    assert "snoozed until 2026-05-08" in capfd.readouterr().out
    assert leakage(monkeypatch, "exceptions", "--owner", "finance") == 2
    assert "--owner: 'finance' is nobody here" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zzz", "--until", "2026-05-08", "--reason", "x", "--by", "jane"], "'zzz': no exception has it"),
        (["aaaa", "--until", "soon", "--reason", "x", "--by", "jane"], "--until: 'soon' is not a date"),
        (["aaaa", "--until", "2026-05-08", "--by", "jane"], "--reason: say why it can wait"),
        (["aaaa", "--until", "2026-05-08", "--reason", "x"], "--by: say who decides"),
    ],
)
def test_a_snooze_that_cannot_be_taken_is_one_sentence(
    queue: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert leakage(monkeypatch, "snooze", *arguments) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1
    assert control.read("exception_decision", "the decision") == []
