"""Scenario files: reading, defaults, name spaces, grouping into firms, and the published schema."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.sandbox import facts as facts_module
from ingestion.sandbox.facts import EPOCH, Facts
from ingestion.sandbox.scenario_defaults import DEFAULTS
from ingestion.sandbox.scenario_names import PREFIXES, REFERENCES
from ingestion.sandbox.scenarios import Scenario, ScenarioError, fact_ids, json_schema, load, parse, worlds

PUBLIC = Path(__file__).parents[1] / "scenarios"


def scenario(text: str, name: str = "S01", expect: str = "[]") -> Scenario:
    return parse(yaml.safe_load(f"scenario: {name}\nfacts: {text}\nexpect: {expect}"), f"{name}.yml")


ONE_ENTRY = "{time_entries: [{id: T1, work_date: 2026-03-13, hours: 10}]}"


def test_a_time_entry_is_enough_for_a_firm() -> None:
    facts = scenario(ONE_ENTRY).facts
    assert [
        len(getattr(facts, kind)) for kind in ("customers", "contracts", "contract_lines", "projects", "resources")
    ] == [1] * 5
    entry, card = facts.time_entries[0], facts.rate_cards[0]
    assert entry.submitted_at == datetime(2026, 3, 13, 18, tzinfo=UTC)
    assert entry.approved_at == datetime(2026, 3, 16, 12, tzinfo=UTC), "a Friday's entry is approved on Monday"
    assert (card.scope_id, card.lines[0].rate, card.lines[0].role) == ("S01:CL1", Decimal(200), "Consultant")
    assert facts.billing_calendars[0].frequency == "monthly"


def test_every_id_and_shared_key_carries_the_scenario() -> None:
    facts = scenario(
        "{customers: [{id: A, name: Acme}, {id: B, parent: A}], contracts: [{id: K1, customer: A}],"
        " resources: [{id: ann, email: Ann@Firm.example}], projects: [{id: P1, code: OPS, manager: ann}],"
        " milestones: [{id: M1, amount: 100, shares: {A: 60, B: 40}}],"
        " invoices: [{number: '77', issued_on: 2026-04-01, lines: [{items: [M1/B], amount: 40}]}]}"
    ).facts
    assert facts.customers[1].parent == "S01:A" and facts.customers[0].name == "S01 Acme"
    assert facts.resources[0].email == "s01.ann@firm.example"
    assert (facts.projects[0].code, facts.projects[0].manager) == ("S01OPS", "S01:ann")
    assert facts.milestones[0].shares == {"S01:A": 60, "S01:B": 40}
    invoice = facts.invoices[0]
    assert (invoice.number, invoice.customer) == ("S01-77", "S01:B"), "the share's customer pays it"
    assert (invoice.lines[0].items[0].item, invoice.lines[0].items[0].customer) == ("S01:M1", "S01:B")
    assert all(i.startswith("S01:") for i in fact_ids(facts))
    assert "S01:M1/S01:B" in set(fact_ids(facts))


def test_people_have_an_employment_and_a_place_in_the_firm() -> None:
    facts = scenario(
        "{resources: [{id: ann, manager: bo, org_unit: CON, work_calendar: W}, {id: bo, hired_on: 2024-01-01}],"
        " org_units: [{id: CON, code: C-1, parent: FIRM, manager: bo}, {id: FIRM}],"
        " work_calendars: [{id: W, hours_per_day: 7.5, holidays: [{holiday_date: 2026-12-25, name: Christmas}]}],"
        " leaves: [{resource: ann, leave_date: 2026-05-04, status: requested}]}"
    ).facts
    ann, bo = facts.resources
    assert (ann.manager, ann.org_unit, ann.work_calendar) == ("S01:bo", "S01:CON", "S01:W")
    assert (facts.org_units[0].code, facts.org_units[0].parent) == ("S01-C-1", "S01:FIRM")
    assert facts.work_calendars[0].hours_per_day == Decimal("7.5")
    assert facts.work_calendars[0].holidays[0].name == "Christmas"
    assert (facts.leaves[0].id, facts.leaves[0].resource, facts.leaves[0].hours) == ("S01:LV1", "S01:ann", Decimal(8))
    # When something holds does not say when it was entered: none of these looks changed whenever the clock moves.
    now = datetime(2026, 4, 30, tzinfo=UTC)
    assert facts.leaves[0].last_touched(now) == bo.last_touched(now) == EPOCH
    with pytest.raises(ScenarioError, match="leaves.*resource.*say which one of ann, bo"):
        scenario("{resources: [{id: ann}, {id: bo}], leaves: [{leave_date: 2026-05-04}]}")


def test_several_entries_share_an_invoice_line_by_their_hours() -> None:
    facts = scenario(
        "{time_entries: [{id: T1, work_date: 2026-03-02, hours: 8}, {id: T2, work_date: 2026-03-03, hours: 4}],"
        " invoices: [{issued_on: 2026-04-01, lines: [{items: [T1, T2], unit_price: '190.50'}]},"
        " {kind: credit_memo, issued_on: 2026-04-02, lines: [{items: [T1], unit_price: '190.50'}]}]}"
    ).facts
    line = facts.invoices[0].lines[0]
    assert (line.quantity, line.amount) == (Decimal(12), Decimal("2286.00"))
    assert line.service_to == date(2026, 3, 3)
    assert [i.amount for i in line.items] == [Decimal("1524.00"), Decimal("762.00")]
    assert facts.invoices[1].lines[0].amount == Decimal("-1524.00")


def test_currencies_follow_the_contract() -> None:
    facts = scenario(
        "{contracts: [{currency: EUR}], time_entries: [{id: T1, work_date: 2026-03-02, hours: 1}],"
        " expenses: [{spent_on: 2026-03-02, amount: 5}],"
        " invoices: [{issued_on: 2026-04-01, lines: [{items: [T1], unit_price: 9}]}]}"
    ).facts
    found = {
        facts.rate_cards[0].currency,
        facts.expenses[0].currency,
        facts.invoices[0].currency,
        facts.customers[0].currency,
    }
    assert found == {"EUR"}


def test_an_empty_list_of_rate_cards_means_none() -> None:
    assert scenario("{rate_cards: [], time_entries: [{work_date: 2026-03-02, hours: 1}]}").facts.rate_cards == []


def test_the_same_record_twice_is_kept_twice() -> None:
    entry = "{id: T1, work_date: 2026-03-02, hours: 4}"
    assert len(scenario(f"{{time_entries: [{entry}, {entry}]}}").facts.time_entries) == 2


@pytest.mark.parametrize(
    ("facts", "expect", "said"),
    [
        (
            "{expenses: [{spent_on: 2026-03-02, amount: 10.1}]}",
            "[]",
            "facts.expenses[0].amount: money is exact, so write 10.1",
        ),
        (ONE_ENTRY, "[{item: T1, verdict: at_risk, amount: 2000.5}]", "expect[0].amount: money is exact"),
        (ONE_ENTRY, "[{item: T9, verdict: at_risk}]", "expect[0].item: no fact 'T9' in this file"),
        (ONE_ENTRY, "[{item: T1, verdict: leaked}]", "expect[0].verdict"),
        ("{time_entrys: []}", "[]", "facts.time_entrys: no such kind of fact"),
        ("{time_entries: {id: T1}}", "[]", "facts.time_entries: give a list"),
        ("{time_entries: [{hours: 1}]}", "[]", "facts.time_entries[0].work_date"),
        (
            "{time_entries: [{id: 1, work_date: 2026-03-02, hours: 1}]}",
            "[]",
            "time_entries[0].id: write the id as text",
        ),
        (
            "{projects: [{id: P1}], time_entries: [{project: P2, work_date: 2026-03-02, hours: 1}]}",
            "[]",
            "'P2' is not among the projects",
        ),
        (
            "{projects: [{id: P1}, {id: P2}], time_entries: [{work_date: 2026-03-02, hours: 1}]}",
            "[]",
            "say which one of P1, P2",
        ),
        ("{invoices: [{issued_on: 2026-04-01, lines: [{items: [T7], amount: 1}]}]}", "[]", "'T7' is not a time entry"),
        (
            "{invoices: [{issued_on: 2026-04-01, lines: [{quantity: 1}]}]}",
            "[]",
            "give the line an amount or a unit_price",
        ),
        (
            "{milestones: [{amount: 9, shares: {A: 60, B: 40}}]}",
            "[{item: M1, verdict: at_risk}]",
            "it is split, name the share",
        ),
        (
            "{expenses: [{id: E1, spent_on: 2026-03-02, amount: 1}, {id: E1, spent_on: 2026-03-03, amount: 1}]}",
            "[]",
            "another record",
        ),
        ("[]", "[]", "facts: give a mapping"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_field(facts: str, expect: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(facts, expect=expect)
    assert str(error.value).startswith("S01.yml: ") and said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("scenario: A\nscenario: B\n", "the key 'scenario' is given twice (line 2)"),
        ("scenario: [", "line 1"),
        ("- 1\n", "a scenario is a mapping"),
        ("scenario: A\nas_of: soon\nfacts: {}\nexpect: []", "as_of: 'soon' is not a date"),
        ("scenario: 'a b'\nfacts: {}\nexpect: []", "scenario: String should match pattern"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "x.yml").write_text(content)
    with pytest.raises(ScenarioError, match=r"^x\.yml: ") as error:
        load(tmp_path)
    assert said in str(error.value)


def test_a_name_is_taken_once_and_an_empty_directory_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no scenario files"):
        load(tmp_path)
    for name in ("a.yml", "b.yaml"):
        (tmp_path / name).write_text(f"scenario: S01\nfacts: {ONE_ENTRY}\nexpect: []\n")
    with pytest.raises(ScenarioError, match=r"b\.yaml: scenario: the name 'S01' is taken by a\.yml"):
        load(tmp_path)
    with pytest.raises(ScenarioError, match="no such file"):
        load(tmp_path / "absent")


def grouped(*scenarios: Scenario) -> list[list[str]]:
    return [[s.scenario for s in world.scenarios] for world in worlds(scenarios)]


def test_scenarios_share_a_firm_unless_one_changes_the_other() -> None:
    eur = "{contracts: [{currency: EUR}], time_entries: [{work_date: 2026-03-02, hours: 1}], fx_rates: [%s]}"
    rate = "{from_currency: EUR, to_currency: USD, rate_date: 2026-03-02, rate: '%s'}"
    plain, stale = scenario(ONE_ENTRY, "S1"), scenario("{feeds: [{domain: erp, complete_through: 2026-04-05}]}", "S2")
    ten, twenty = scenario(eur % (rate % "1.10"), "S3"), scenario(eur % (rate % "1.20"), "S4")
    same, none = scenario(eur % (rate % "1.10"), "S5"), scenario(eur % "", "S6")
    standard = scenario("{rate_cards: [{scope: standard, lines: [{rate: 9}]}]}", "S7")
    assert grouped(plain, stale, ten, twenty, same, none, standard) == [
        ["S1", "S3", "S5"],
        ["S2"],
        ["S4"],
        ["S6"],
        ["S7"],
    ]
    other_day = parse(
        {**yaml.safe_load(f"facts: {ONE_ENTRY}"), "scenario": "S8", "as_of": date(2026, 5, 31), "expect": []}
    )
    assert grouped(plain, other_day) == [["S1"], ["S8"]]


def test_a_shared_firm_has_everybodys_facts_and_each_rate_once() -> None:
    text = (
        "{fx_rates: [{from_currency: EUR, to_currency: USD, rate_date: 2026-03-02, rate: 2}],"
        " time_entries: [{work_date: 2026-03-02, hours: 1}]}"
    )
    (world,) = worlds([scenario(text, "S1"), scenario(text, "S2")])
    assert len(world.facts.fx_rates) == 1
    assert [t.id for t in world.facts.time_entries] == ["S1:T1", "S2:T1"]
    assert world.now == datetime(2026, 4, 30, 23, 30, tzinfo=UTC)


def test_policies_hold_for_a_whole_firm() -> None:
    def taxed(name: str, pct: int) -> Scenario:
        rate = f"{{seller_country: DE, tax_pct: {pct}, valid_from: 2020-01-01, name: null}}"
        return parse(
            yaml.safe_load(f"scenario: {name}\npolicies: {{tax_rates: [{rate}]}}\nfacts: {ONE_ENTRY}\nexpect: []")
        )

    found = worlds([taxed("S1", 19), scenario(ONE_ENTRY, "S2"), taxed("S3", 7), taxed("S4", 19)])
    assert [[s.scenario for s in world.scenarios] for world in found] == [["S1", "S4"], ["S2"], ["S3"]]
    rate = {"seller_country": "DE", "tax_pct": 19, "valid_from": date(2020, 1, 1), "name": None}
    assert [world.policies for world in found[:2]] == [{"tax_rates": [rate]}, {}]


def test_keys_that_would_collide_separate_firms() -> None:
    assert grouped(scenario("{projects: [{id: P1}]}", "S1"), scenario("{projects: [{code: P1}]}", "S-1")) == [
        ["S1"],
        ["S-1"],
    ]


def test_the_public_scenarios_are_valid_and_cover_leaks_and_traps() -> None:
    found = load(PUBLIC)
    assert len(found) >= 18
    verdicts = {e.verdict for s in found for e in s.expect}
    assert verdicts >= {
        "at_risk",
        "not_yet_due",
        "not_leakage",
        "billed",
        "indeterminate",
        "timing_delay",
        "compliance",
    }
    assert len(worlds(found)) == 4


def test_the_schema_says_what_may_be_left_out() -> None:
    schema = json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    assert definitions["TimeEntry"]["required"] == ["work_date", "hours"]
    assert "created when the file lists none" in definitions["TimeEntry"]["properties"]["project"]["description"]
    amounts = definitions["Expense"]["properties"]["amount"]["anyOf"]
    assert {"type": "number"} not in amounts and {"type": "integer"} in amounts
    assert set(schema["required"]) == {"scenario", "facts", "expect"}
    json.dumps(schema)


def test_defaults_and_references_name_real_fields() -> None:
    for name, rules in DEFAULTS.items():
        assert set(rules) <= set(getattr(facts_module, name).model_fields), name
    for kind, paths in REFERENCES.items():
        fields = Facts.model_fields[kind].annotation.__args__[0].model_fields  # type: ignore[union-attr]
        assert {path.split(".")[0] for path in paths} <= set(fields), kind
        assert kind in PREFIXES
