"""Scenarios against a register: every difference is found and named, to the cent."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from ingestion.sandbox.scenarios import Scenario, ScenarioError, ScenarioWorld, parse
from ingestion.sandbox.world import World
from orchestration.policies.project import SEEDS
from orchestration.scenario_check import Observed, compare, read_observed
from orchestration.scenario_policies import with_our_ids, write_policies

LEAK = Observed(
    "S01:T1", True, "at_risk", "unbilled_approved_time", "L01", None, ("late_approval",), Decimal("2000.0000"), "USD"
)
BILLED = Observed("S01:T2", False, "billed", amount=Decimal("100.0000"), currency="USD")


def scenario(*expect: str) -> Scenario:
    entries = "[{id: T1, work_date: 2026-03-10, hours: 10}, {id: T2, work_date: 2026-03-10, hours: 10}]"
    return parse(yaml.safe_load(f"scenario: S01\nfacts: {{time_entries: {entries}}}\nexpect: [{', '.join(expect)}]"))


EXPECTED = (
    "{item: T1, category: unbilled_approved_time, detector: L01, verdict: at_risk,"
    ' amount: "2000.00", currency: USD, cause: late_approval}'
)


def differences(observed: list[Observed], *expect: str) -> list[str]:
    (result,) = compare([scenario(*expect)], observed)
    assert result.ok == (not result.differences)
    return result.differences


def test_what_is_expected_is_no_difference() -> None:
    assert differences([LEAK, BILLED], EXPECTED, "{item: T2, verdict: billed}") == []


def test_a_cent_is_a_difference_that_names_both_amounts() -> None:
    (difference,) = differences([replace(LEAK, amount=Decimal("2000.01"))], EXPECTED)
    assert difference.startswith("T1: amount: expected 2000.00, found 2000.01")


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        ([], "missing: T1: expected category unbilled_approved_time"),
        ([BILLED], "found nothing"),
        ([replace(LEAK, verdict="confirmed_loss")], "T1: verdict: expected at_risk, found confirmed_loss"),
        ([replace(LEAK, category="phantom_billed")], "found at_risk, phantom_billed"),
        ([replace(LEAK, is_finding=False)], "missing: T1"),
        ([replace(LEAK, currency="EUR")], "T1: currency: expected USD, found EUR"),
        ([replace(LEAK, cause=("sync_failed",))], "T1: cause: expected late_approval, found sync_failed"),
        ([replace(LEAK, amount=None)], "T1: amount: expected 2000.00, found none"),
        ([LEAK, replace(LEAK)], "unexpected: T1: at_risk"),
        ([LEAK, replace(LEAK, fact_id="S01:T2", verdict="overbilling")], "unexpected: T2: overbilling"),
        ([LEAK, replace(LEAK, fact_id="S01:INV1", verdict="timing_delay")], "unexpected: INV1: timing_delay"),
        (
            [LEAK, replace(LEAK, fact_id="time_entry psa:77")],
            "unexpected finding about no fact of any scenario: time_entry psa:77",
        ),
    ],
)
def test_every_kind_of_difference_is_reported(observed: list[Observed], said: str) -> None:
    assert any(said in d for d in differences(observed, EXPECTED)), differences(observed, EXPECTED)


def test_a_leak_that_nobody_expects_is_a_difference_and_a_healthy_state_is_not() -> None:
    assert differences([LEAK]) == ["unexpected: T1: at_risk, unbilled_approved_time, 2000.00 USD"]
    assert differences([BILLED, replace(BILLED, verdict="not_yet_due"), replace(LEAK, verdict="indeterminate")]) == []


def test_an_amount_of_null_demands_an_unknown_amount() -> None:
    expected = "{item: T1, verdict: indeterminate, amount: null}"
    unknown = replace(LEAK, verdict="indeterminate", amount=None)
    assert differences([unknown], expected) == []
    assert "expected none, found 2000.00" in differences([replace(unknown, amount=Decimal(2000))], expected)[0]


def test_another_scenarios_items_are_not_mixed_in() -> None:
    assert differences([LEAK, replace(LEAK, fact_id="S011:T1")], EXPECTED) == []


def test_the_register_is_read_as_facts(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema ledger")
        connection.execute(
            "create table marts.leakage__findings as select 'time_entry' as subject_type, 'psa1' as subject_system,"
            " '77' as subject_source_id, 'L01' as detector_id, 'unbilled_approved_time' as category,"
            " 'at_risk' as verdict, cast(null as varchar) as reason, 'a;b' as causes,"
            " cast(10 as decimal(18, 4)) as amount, 'USD' as currency, cast(0 as decimal(18, 4)) as exposed_amount,"
            " cast(0 as decimal(18, 4)) as carry_cost_amount, 'medium' as identity_confidence, false as is_estimate"
        )
        connection.execute(
            "create table ledger.ledger__item_claims as select 'time_entry' as item_type, 'psa1' as source_system,"
            " '78' as source_id, 'over_cap' as category, 'not_leakage' as verdict, 'over_cap' as reason,"
            " cast(null as varchar) as causes, cast(5 as decimal(18, 4)) as amount, 'USD' as currency"
        )
        connection.execute(
            "create table ledger.ledger__items as select 'time_entry' as item_type, 'psa1' as source_system,"
            " '79' as source_id, cast(null as varchar) as category, 'billed' as verdict,"
            " cast(null as varchar) as reason,"
            " cast(7 as decimal(18, 4)) as entitled_amount, 'USD' as currency"
        )
        connection.execute(
            "create table marts.operations__unmatched_identities as select 'customer' as entity_type,"
            " 'erp1' as source_system, '5' as source_id, 'ambiguous' as reason,"
            " cast(7 as decimal(18, 4)) as amount, 'EUR' as currency"
        )
    index = {("time_entry", "psa1", "77"): "S01:T1", ("time_entry", "psa1", "78"): "S01:T2"}
    index |= {("customer", "erp1", "5"): "S01:C1"}
    finding, claim, item, customer = read_observed(path, index)
    assert (finding.fact_id, finding.is_finding, finding.cause, finding.detector) == ("S01:T1", True, ("a", "b"), "L01")
    assert (claim.fact_id, claim.is_finding, claim.reason) == ("S01:T2", False, "over_cap")
    assert item.fact_id == "time_entry psa1:79"
    assert finding.confidence == "medium"
    assert (customer.fact_id, customer.verdict, customer.is_finding) == ("S01:C1", "unmatched", False)
    assert (customer.reason, customer.amount, customer.currency) == ("ambiguous", Decimal(7), "EUR")


def with_policies(policies: str) -> ScenarioWorld:
    entry = "{id: T1, work_date: 2026-03-10, hours: 1}"
    text = f"scenario: S01\npolicies: {policies}\nfacts: {{time_entries: [{entry}]}}\nexpect: []"
    only = parse(yaml.safe_load(text))
    return ScenarioWorld(only.as_of, [only])


def test_policies_of_scenarios_are_added_to_the_shipped_ones(tmp_path: Path) -> None:
    group = with_policies(
        '{holidays: [{holiday_date: 2026-03-16, name: "Day, free"}], approval_authorities: [{approver_role: x}]}'
    )
    folder = write_policies(group.policies, tmp_path / "own", "S01")
    assert folder is not None and sorted(p.name for p in folder.iterdir()) == [
        "approval_authorities.csv",
        "holidays.csv",
    ]
    written = (folder / "holidays.csv").read_text("utf-8")
    assert written == (SEEDS / "holidays.csv").read_text("utf-8") + '2026-03-16,"Day, free"\n'
    assert (folder / "approval_authorities.csv").read_text("utf-8").endswith("\nx,,,,\n")
    assert write_policies(with_policies("{}").policies, tmp_path / "none", "S01") is None


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        (
            "{tax_rate: []}",
            "S01: policies.tax_rate: no such table of policies; known: approval_authorities, credit_reasons",
        ),
        (
            "{tax_rates: [{seller: DE}]}",
            "S01: policies.tax_rates[0]: no column 'seller'; it has seller_country, buyer_country",
        ),
    ],
)
def test_policies_that_do_not_exist_are_named(policies: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        write_policies(with_policies(policies).policies, tmp_path / "own", "S01")
    assert str(refused.value).startswith(said)


MIX = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite"}


def test_policies_of_facts_hold_under_our_ids_of_their_records() -> None:
    group = with_policies(
        "{policies: [{policy_key: invoice_sla, scope_type: customer, scope_id: C1, policy_value: 7},"
        " {policy_key: feed_max_age, scope_type: domain, scope_id: erp, policy_value: 7}],"
        " transfer_prices: [{from_legal_entity: LE1, rate_pct: 60}]}"
    )
    world = World(group.facts, group.now, MIX)
    ours = with_our_ids(group, MIX)
    records = {f"{MIX[d]}:{world.record_id(d, 'customers', 'S01:C1')}" for d in ("crm", "erp")}
    assert {row["scope_id"] for row in ours["policies"]} == {*records, "erp"}
    assert [row["policy_value"] for row in ours["policies"]] == [7, 7, 7]
    entity = f"netsuite:{world.record_id('erp', 'legal_entities', 'S01:LE1')}"
    assert ours["transfer_prices"] == [{"from_legal_entity": entity, "rate_pct": 60}]


def test_a_policy_of_a_fact_that_is_not_there_is_refused() -> None:
    with pytest.raises(ScenarioError) as refused:
        with_policies("{policies: [{scope_type: customer, scope_id: C9}]}")
    assert str(refused.value).endswith(
        "policies.policies[0].scope_id: 'C9' is not among the customers of this file (C1)"
    )


def written_rows(policies: str, folder: Path) -> list[list[str]]:
    group = with_policies(policies)
    (table,) = group.policies
    own = write_policies(group.policies, folder, "S01")
    assert own is not None
    with (own / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("days", "held"),
    [
        ("valid_from: 2026-01-01", [("5", "2000-01-01", "2026-01-01"), ("9", "2026-01-01", "")]),
        (
            "valid_from: 2026-01-01, valid_to: 2026-02-01",
            [("5", "2000-01-01", "2026-01-01"), ("5", "2026-02-01", ""), ("9", "2026-01-01", "2026-02-01")],
        ),
        ("valid_from: 2000-01-01", [("9", "2000-01-01", "")]),
    ],
)
def test_an_added_policy_holds_on_its_days_in_the_place_of_the_shipped_one(
    days: str, held: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    added = f"{{policy_key: invoice_sla, scope_type: global, policy_value: 9, unit: business_days, {days}, owner: FIN}}"
    rows = written_rows(f"{{policies: [{added}]}}", tmp_path / "own")
    assert [(row[3], row[5], row[6]) for row in rows if row[:2] == ["invoice_sla", "global"]] == held
    assert len(rows) == len((SEEDS / "policies.csv").read_text("utf-8").splitlines()) - 1 + len(held)


def test_an_added_row_changes_the_shipped_one_with_its_key(tmp_path: Path) -> None:
    rows = written_rows("{detectors: [{category: late_fee_unbilled, is_enabled: true}]}", tmp_path / "own")
    (changed,) = [row for row in rows if row[1] == "late_fee_unbilled"]
    assert changed[0] == "L40" and changed[7].lower() == "true"
