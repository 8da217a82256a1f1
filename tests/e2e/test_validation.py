"""The validation interface on the built firm: what it says of a record is what the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration import register
from orchestration.validation.rates import new_entries, only
from orchestration.validation.snapshot import Reader, Row, Snapshot
from orchestration.validation.supposing import (
    EXPENSE_RULES,
    EXPENSES_OF_LINE,
    RATE_RULES,
    TIME_OF_LINE,
    TIME_RULES,
    Supposition,
)
from tests.validation_client import Client, outcomes, publish

ENTRIES = """
select
  entry.time_entry_id, entry.project_id, entry.resource_id, entry.role, entry.work_date, entry.hours, entry.is_billable,
  cast(null as varchar) as contract_line_id, entry.change_order_id
from canonical.time_entry as entry
where not entry.is_deleted
"""


@pytest.fixture(scope="module")
def published(shared_firm: Path) -> Path:
    return shared_firm / "published"


@pytest.fixture(scope="module")
def client(published: Path) -> Client:
    return Client(published)


@pytest.fixture(scope="module")
def rows(published: Path) -> Callable[[str], list[Row]]:
    def read(sql: str) -> list[Row]:
        with Snapshot(published).reading() as reader:
            return reader.rows(sql)

    return read


@pytest.fixture(scope="module")
def worked(rows: Callable[[str], list[Row]]) -> Row:
    """An entry of an assigned person on an open project with a cap, which nothing is wrong with."""
    return rows(
        "select entry.*, line.currency from canonical.time_entry as entry"
        " inner join canonical.contract_line as line on entry.contract_line_id = line.contract_line_id"
        " inner join canonical.assignment as assignment on entry.project_id = assignment.project_id"
        " and entry.resource_id = assignment.resource_id"
        " and entry.work_date between assignment.start_date and assignment.end_date"
        " inner join canonical.project as project on entry.project_id = project.project_id"
        " inner join ledger.ledger__time_rates as rate on entry.time_entry_id = rate.time_entry_id"
        " where line.billing_method = 'tm_cap' and project.status = 'active' and rate.hourly_rate > 0"
        " and entry.status = 'approved' order by entry.work_date desc, entry.time_entry_id limit 1"
    )[0]


def ask_about(entry: Row, **changes: Any) -> dict[str, Any]:
    question = {"project_id": entry["project_id"], "person": entry["resource_id"], "role": entry["role"]}
    return {**question, "work_date": str(entry["work_date"]), "hours": str(entry["hours"]), **changes}


def test_every_entry_has_the_rate_that_the_ledger_gives_it(published: Path) -> None:
    """The same SQL that makes an entry of a question, for all entries of the firm at once."""
    with Snapshot(published).reading() as reader:
        supposed = Supposition(reader, reader.register.as_of)
        supposed.suppose({"canonical.time_entry": only(new_entries(f"({ENTRIES})"))}, {})
        supposed.apply(RATE_RULES)
        asked = _rates(reader, supposed.relation("ledger.ledger__time_rates"))
        booked = _rates(reader, "ledger.ledger__time_rates")
    assert len(booked) > 1_000
    assert asked == booked


def _rates(reader: Reader, relation: str) -> dict[str, Row]:
    found = reader.rows(
        f"select rate.* from {relation} as rate inner join canonical.time_entry as entry"
        " on rate.time_entry_id = entry.time_entry_id where not entry.is_deleted"
    )
    return {row["time_entry_id"]: row for row in found}


def test_a_rate_comes_with_its_card_and_why(client: Client, rows: Callable[[str], list[Row]]) -> None:
    """One entry for each kind of card and for each way in which a rate is not known."""
    entries = rows(
        "select entry.*, rate.hourly_rate, rate.uplift_rate, rate.rate_card_line_id, line.currency,"
        " coalesce(rate.is_ambiguous, false) as is_ambiguous"
        " from canonical.time_entry as entry"
        " inner join ledger.ledger__work as work on entry.time_entry_id = work.time_entry_id and not work.is_parked"
        " left join canonical.contract_line as line on entry.contract_line_id = line.contract_line_id"
        " left join ledger.ledger__time_rates as rate on entry.time_entry_id = rate.time_entry_id"
        " left join canonical.rate_card as card on rate.rate_card_id = card.rate_card_id"
        " qualify row_number() over (partition by card.scope_type, rate.hourly_rate is null, rate.uplift_rate > 0,"
        " rate.is_ambiguous, entry.contract_line_id is null order by entry.work_date, entry.time_entry_id) = 1"
    )
    for entry in entries:
        answer = client.get(
            "/rates",
            project_id=entry["project_id"],
            person=entry["resource_id"],
            role=entry["role"],
            date=str(entry["work_date"]),
        )
        if entry["hourly_rate"] is None:
            assert (answer["outcome"], answer["hourly_rate"]) == ("cannot_be_judged", None)
            reason = "rate_card_overlap" if entry["is_ambiguous"] else "missing_rate"
            assert answer["reason"] == (reason if entry["contract_line_id"] else "no_contract_line")
            continue
        assert answer["outcome"] == "ok"
        rate = register.money(entry["hourly_rate"])
        assert answer["hourly_rate"] == {"amount": rate, "currency": entry["currency"]}
        assert answer["card"]["rate_card_line_id"] == entry["rate_card_line_id"]
        assert {"type": "rate_card_line", "id": entry["rate_card_line_id"]} in answer["basis"]["records"]
        assert (answer["yearly_rise"] is not None) == (entry["uplift_rate"] > 0)
        assert "card" in answer["why"]
    kinds = {entry["hourly_rate"] is None for entry in entries}
    assert kinds == {True, False} and len(entries) >= 5


@pytest.mark.parametrize(
    ("item_type", "tables", "rules"),
    [("time_entry", TIME_OF_LINE, TIME_RULES), ("expense_item", EXPENSES_OF_LINE, EXPENSE_RULES)],
)
def test_what_bears_on_one_contract_line_gives_its_items_as_the_whole_ledger_does(
    item_type: str, tables: dict[str, str], rules: tuple[str, ...], published: Path, rows: Callable[[str], list[Row]]
) -> None:
    """One contract line, that with the most items, for each way in which the others of it could matter."""
    lines = rows(
        "select line.contract_line_id from canonical.contract_line as line inner join ("
        " select contract_line_id, count(*) as items from ledger.ledger__open_items"
        f" where item_type = '{item_type}' group by contract_line_id) as item"
        " on line.contract_line_id = item.contract_line_id where line.billing_method in ('tm', 'tm_cap', 'retainer')"
        " qualify row_number() over (partition by line.billing_method, line.discount_tiers is null,"
        " line.expense_cap_amount is null order by item.items desc, line.contract_line_id) = 1"
    )
    assert len(lines) >= 2
    for line in lines:
        query = (
            "select item.*, cap.* exclude (item_id, currency, blocked_amount, over_cap_amount, is_cap_unsure)"
            " from {items} as item left join {caps} as cap on item.item_id = cap.item_id"
            f" where item.item_type = '{item_type}' and contract_line_id = $line order by item.item_id"
        )
        parameters = {"line": line["contract_line_id"]}
        with Snapshot(published).reading() as reader:
            whole = reader.rows(query.format(items="ledger.ledger__open_items", caps="ledger.ledger__caps"), parameters)
            supposed = Supposition(reader, reader.register.as_of)
            supposed.suppose(tables, {**parameters, "resource_id": None, "work_date": None})
            supposed.apply(rules)
            items, caps = (supposed.relation(f"ledger.ledger__{name}") for name in ("open_items", "caps"))
            alone = reader.rows(query.format(items=items, caps=caps), parameters)
        assert alone == whole and whole


def test_an_entry_is_worth_what_the_ledger_says(client: Client, rows: Callable[[str], list[Row]]) -> None:
    """One entry for each way of billing, without a discount that depends on the others, asked about once more."""
    entries = rows(
        "select entry.*, item.entitled_amount, item.currency, item.not_entitled_reason"
        " from canonical.time_entry as entry"
        " inner join ledger.ledger__billable_items as item on entry.time_entry_id = item.item_id"
        " inner join ledger.ledger__work as work on entry.time_entry_id = work.time_entry_id and not work.is_parked"
        " inner join canonical.contract_line as line on item.contract_line_id = line.contract_line_id"
        " where line.discount_tiers is null and line.billing_method <> 'retainer' and entry.writedown_reason is null"
        " and entry.status = 'approved' and item.not_judged_reason is null and entry.change_order_id is null"
        " and coalesce(entry.submitted_billable_hours, entry.billable_hours) = entry.billable_hours"
        " qualify row_number() over (partition by line.billing_method, item.not_entitled_reason"
        " order by entry.work_date desc, entry.time_entry_id) = 1"
    )
    assert len(entries) >= 4
    for entry in entries:
        answer = client.post("/validate/time-entry", **ask_about(entry, is_billable=entry["is_billable"]))
        checks = outcomes(answer)
        assert checks["billable"][1] == entry["not_entitled_reason"]
        if answer["verdict"] == "ok" and entry["not_entitled_reason"] is None:
            value = register.money(Decimal(entry["entitled_amount"]))
            assert answer["value"] == {"amount": value, "currency": entry["currency"]}
        else:
            assert answer["value"] is None


def test_what_the_ledger_calls_a_duplicate_is_one_before_it_is_created(
    client: Client, rows: Callable[[str], list[Row]]
) -> None:
    pairs = rows(
        "select project.*, pair.original_project_id, pair.reason from ledger.ledger__duplicate_projects as pair"
        " inner join canonical.project as project on pair.project_id = project.project_id"
        " where project.customer_id is not null order by project.project_id"
    )
    assert pairs
    for pair in pairs:
        question = {
            "name": pair["name"],
            "customer_id": pair["customer_id"],
            "contract_line_id": pair["contract_line_id"],
        }
        answer = client.post("/validate/project", **question)
        assert (answer["verdict"], outcomes(answer)["duplicate"]) == ("refused", ("failed", pair["reason"]))
        assert {"type": "project", "id": pair["original_project_id"]} in answer["basis"]["records"]
        # A phase of it is none.
        phase = client.post("/validate/project", **question, parent_project_id=pair["original_project_id"])
        assert phase["verdict"] == "ok"


def test_what_is_wrong_with_an_entry_is_said(client: Client, worked: Row, rows: Callable[[str], list[Row]]) -> None:
    good = client.post("/validate/time-entry", **ask_about(worked))
    assert good["verdict"] == "ok", good
    assert outcomes(good)["assignment"] == outcomes(good)["project_open"] == ("ok", None)
    assert (good["basis"]["as_of"], good["basis"]["valid_on"]) == ("2026-04-29", "2026-04-29")

    closed = rows(
        "select project_id from canonical.project where status = 'closed' and project_id = effective_project_id"
    )[0]
    stranger = rows(
        f"select resource_id from canonical.resource where resource_id not in (select resource_id from canonical.assignment"
        f" where project_id = '{worked['project_id']}' and resource_id is not null) order by resource_id"
    )[0]
    wrong = {
        "project_open": ({"project_id": closed["project_id"]}, "project_closed"),
        "assignment": ({"person": stranger["resource_id"]}, "not_assigned"),
        "project": ({"project_id": "nowhere:1"}, "unknown_project"),
        "person": ({"person": "nobody@firm.example"}, "unknown_person"),
    }
    for check, (changes, reason) in wrong.items():
        answer = client.post("/validate/time-entry", **ask_about(worked, **changes))
        assert outcomes(answer).get(check) == ("failed", reason), answer
        assert answer["verdict"] == "refused"
        assert answer["value"] is None


def test_people_and_projects_are_found_by_what_systems_call_them(
    client: Client, worked: Row, rows: Callable[[str], list[Row]]
) -> None:
    project = rows(f"select * from canonical.project where project_id = '{worked['project_id']}'")[0]
    person = rows(f"select * from canonical.resource where resource_id = '{worked['resource_id']}'")[0]
    by_our_ids = client.post("/validate/time-entry", **ask_about(worked))
    asked = ask_about(worked, project_id=project["project_code"], person=person["email"].upper())
    assert client.post("/validate/time-entry", **asked) == by_our_ids
    assert client.get(f"/projects/{project['project_code']}")["project_id"] == project["project_id"]
    xref = rows("select * from canonical.customer_xref where not is_anchor and customer_id is not null order by 1")[0]
    customer = client.get(f"/customers/{xref['source_customer_id']}")
    assert customer["customer_id"] == xref["customer_id"]
    assert xref["source_customer_id"] in [known["id"] for known in customer["known_as"]]


def test_an_expense_is_rebilled_as_the_contract_says(client: Client, rows: Callable[[str], list[Row]]) -> None:
    lines = rows(
        "select line.*, project.project_id from canonical.contract_line as line"
        " inner join canonical.project as project on line.contract_line_id = project.contract_line_id"
        " where project.status = 'active' and line.expense_cap_amount is null and not line.is_no_charge"
        " and line.expense_policy in ('at_cost', 'markup', 'inclusive') and line.expense_categories is null"
        " qualify row_number() over (partition by line.expense_policy order by project.project_id) = 1"
    )
    assert {line["expense_policy"] for line in lines} == {"at_cost", "markup", "inclusive"}
    for line in lines:
        answer = client.post(
            "/validate/expense",
            project_id=line["project_id"],
            expense_date="2026-04-20",
            amount="100.10",
            currency=line["currency"],
        )
        if line["expense_policy"] == "inclusive":
            assert outcomes(answer)["expense_policy"] == ("failed", "inclusive")
            continue
        pct = line["expense_markup_pct"] if line["expense_policy"] == "markup" else 0
        rebilled = (Decimal("100.10") * (100 + pct) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert answer["verdict"] == "ok"
        assert answer["value"] == {"amount": str(rebilled), "currency": line["currency"]}


def test_answers_follow_a_new_publication(published: Path, worked: Row, tmp_path: Path) -> None:
    publish(published, tmp_path)
    client = Client(tmp_path)
    question = ask_about(worked)
    before = client.post("/validate/time-entry", **question)
    assert outcomes(before)["cap"] == ("ok", None)

    line = worked["contract_line_id"]
    publish(
        published,
        tmp_path,
        f"update canonical.contract_line set cap_amount = 1 where contract_line_id = '{line}'",
        "update main.published_run set run_id = 'the next'",
        f"update canonical.project set status = 'closed' where project_id = '{worked['project_id']}'",
    )
    after = client.post("/validate/time-entry", **question)
    assert after["basis"]["run_id"] == "the next"
    assert after["verdict"] == "refused"
    assert outcomes(after)["cap"] == ("failed", "over_cap")
    assert outcomes(after)["project_open"] == ("failed", "project_closed")
    assert client.get(f"/projects/{worked['project_id']}")["is_open"] is False


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (
            "update marts.operations__feed_health set status = 'stale' where source_domain = 'crm'",
            "stale",
            "stale_source",
        ),
        (
            "update marts.operations__feed_health set status = 'never_loaded', complete_through = null"
            " where source_domain = 'crm'",
            "never_loaded",
            "missing_feed",
        ),
        ("delete from marts.operations__feed_health where source_domain = 'crm'", "missing", "missing_feed"),
    ],
)
def test_what_is_not_known_is_never_ok(
    change: str, status: str, reason: str, published: Path, worked: Row, tmp_path: Path
) -> None:
    publish(published, tmp_path, change)
    client = Client(tmp_path)
    answer = client.post("/validate/time-entry", **ask_about(worked))
    assert (answer["verdict"], answer["value"]) == ("cannot_be_judged", None)
    assert outcomes(answer)["feeds"] == ("cannot_be_judged", reason)
    assert {feed["domain"]: feed["status"] for feed in answer["basis"]["feeds"]} == {"psa": "fresh", "crm": status}
    rate = client.get("/rates", project_id=worked["project_id"], person=worked["resource_id"])
    assert (rate["outcome"], rate["reason"], rate["hourly_rate"]) == ("cannot_be_judged", reason, None)
    unknown = client.ask("GET", "/rates", 404, params={"contract_line_id": "nowhere:1"})
    assert unknown["type"] == "urn:leakage:problem:cannot-be-judged"
    assert [feed["status"] for feed in unknown["feeds"]] == [status]
