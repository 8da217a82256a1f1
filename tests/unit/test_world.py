"""What each stand-in knows of the facts: records that carry no other system's id, other names, unknown records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from ingestion.sandbox.facts import Customer, Facts, Project, Resource
from ingestion.sandbox.scenarios import parse
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 20, tzinfo=UTC)
SYSTEMS = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite"}


def world(**facts: list) -> World:
    return World(Facts(**facts), NOW, SYSTEMS)


def test_an_unlinked_record_is_there_and_no_other_system_carries_its_id() -> None:
    firm = world(customers=[Customer(id="A", name="A"), Customer(id="B", name="B", is_unlinked=True)])
    assert firm.ref("crm", "customers", "A") == firm.record_id("crm", "customers", "A") is not None
    assert firm.ref("crm", "customers", "B") is None
    assert firm.record_id("crm", "customers", "B") is not None
    by_name = {row["altname"]: row["externalid"] for row in firm.vendors["netsuite"].tables()["customer"]}
    assert by_name == {"A": firm.ref("crm", "customers", "A"), "B": None}
    assert {row["Name"] for row in firm.vendors["salesforce"].tables()["Account"]} == {"A", "B"}


def test_a_system_may_know_a_record_differently_or_not_at_all() -> None:
    firm = world(
        customers=[Customer(id="A", name="New", former_names=["Old"], known_as={"erp": {"name": "Old"}})],
        resources=[Resource(id="R", email="r@new.example", known_as={"erp": {"email": "r@old.example"}})],
        projects=[Project(id="P"), Project(id="Q", unknown_to=["psa"])],
    )
    assert [c.name for c in firm.known_to("netsuite").customers] == ["Old"]
    assert [c.name for c in firm.known_to("salesforce").customers] == ["New"]
    assert firm.vendors["netsuite"].world.facts.resources[0].email == "r@old.example"
    assert firm.vendors["kantata"].world.facts.resources[0].email == "r@new.example"
    assert [row["title"] for row in firm.vendors["kantata"].tables()["workspaces"]] == ["P"]
    assert firm.ref("psa", "projects", "Q") is None
    firm.replace_facts(Facts(), NOW)
    assert firm.known_to("netsuite").customers == []


def test_facts_that_no_system_holds_differently_are_shared() -> None:
    firm = world(customers=[Customer(id="A")])
    assert firm.known_to("netsuite") is firm.facts


def test_what_a_system_holds_differently_has_to_be_a_fact() -> None:
    with pytest.raises(ValidationError):
        Customer(id="A", known_as={"erp": {"nick_name": "A"}})
    with pytest.raises(ValidationError):
        Customer(id="A", known_as={"erp": {"currency": "euro"}})


def test_other_names_carry_the_scenario_too() -> None:
    customer = {"id": "C1", "former_names": ["Old"], "tax_id": "DE1", "known_as": {"erp": {"name": "N", "tax_id": "D"}}}
    person = {"id": "R1", "email_aliases": ["a@b.example"], "known_as": {"erp": {"email": "c@d.example"}}}
    project = {"id": "P1", "known_as": {"expense": {"code": "p-1"}, "procurement": {"code": "some text"}}}
    facts = parse(
        {
            "scenario": "I1",
            "facts": {"customers": [customer], "resources": [person], "projects": [project]},
            "expect": [],
        }
    ).facts
    assert (facts.customers[0].former_names, facts.customers[0].tax_id) == (["I1 Old"], "I1-DE1")
    assert facts.customers[0].known_as == {"erp": {"name": "I1 N", "tax_id": "I1-D"}}
    assert facts.resources[0].email_aliases == ["i1.a@b.example"]
    assert facts.resources[0].known_as == {"erp": {"email": "i1.c@d.example"}}
    assert facts.projects[0].known_as == {"expense": {"code": "I1p-1"}, "procurement": {"code": "I1 some text"}}
