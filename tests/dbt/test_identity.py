"""Identity across systems: matching does not depend on order or on which side is asked, merges and names in any script."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dbt.identity_engine import CUSTOMERS, Engine, compiled

CRM, ERP = "map_salesforce__customer", "map_netsuite__customer"
NAMES = ["Acme", "ACME GmbH", "acme ag", "Акме", "アクメ", "Zeta Ltd"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(compiled(CUSTOMERS, "crm=salesforce,erp=netsuite", tmp_path_factory.mktemp("identity")))


def customer(source_id: str, name: str | None, **fields: Any) -> dict[str, Any]:
    return {"source_id": source_id, "name": name, **fields}


def pairs(engine: Engine) -> set[tuple[str, str]]:
    """(billing customer, customer of the CRM) of everything that a rule matched."""
    found = engine.rows(
        "select source_id, customer_id from canonical.customer_xref where not is_anchor and match_method <> 'unmatched'"
    )
    return {(source_id, customer_id.split(":")[1]) for source_id, customer_id in found}


records = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(NAMES),
            "country": st.sampled_from([None, "DE", "US"]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "tax_id": st.sampled_from([None, None, "T1", "T2"]),
            "former_names": st.sampled_from([None, None, "Acme", "Zeta"]),
        }
    ),
    max_size=5,
)


def numbered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"source_id": str(n), **record} for n, record in enumerate(found)]


# Without shrinking: an example takes five builds of the models, and the records of one that fails are few already.
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(crm=records, erp=records, data=st.data())
def test_matching_is_symmetric_and_independent_of_order_and_strangers(
    engine: Engine, crm: list[dict[str, Any]], erp: list[dict[str, Any]], data: st.DataObject
) -> None:
    theirs, ours = numbered(crm), numbered(erp)
    engine.run({CRM: theirs, ERP: ours})
    found = pairs(engine)

    engine.run({CRM: data.draw(st.permutations(theirs)), ERP: data.draw(st.permutations(ours))})
    assert pairs(engine) == found

    stranger = customer("stranger", "Somebody Else", country="FR", currency="CHF", tax_id="T9")
    engine.run({CRM: [*theirs, stranger], ERP: ours})
    assert pairs(engine) == found
    engine.run({CRM: theirs, ERP: [stranger, *ours]})
    assert pairs(engine) == found

    engine.run({CRM: ours, ERP: theirs})
    assert {(b, a) for a, b in pairs(engine)} == found


def test_a_chain_of_merges_is_followed_to_its_end_and_a_circle_is_not(engine: Engine) -> None:
    chain = [customer(f"m{n}", f"Name {n}", merged_into_source_id=f"m{n + 1}") for n in range(32)]
    circle = [customer("x", "X", merged_into_source_id="y"), customer("y", "Y", merged_into_source_id="x")]
    too_long = [customer(f"l{n}", None, merged_into_source_id=f"l{n + 1}") for n in range(34)]
    engine.run(
        {
            CRM: [*reversed(chain), customer("m32", "Last"), *circle, *too_long, customer("l34", None)],
            ERP: [customer("1", None, customer_ref="m0"), customer("2", "Other", customer_ref="x")],
        }
    )
    ends = dict(engine.rows("select source_id, customer_id from canonical.customer_xref"))
    assert {ends[f"m{n}"] for n in range(33)} == {"salesforce:m32"}
    assert (ends["1"], ends["2"]) == ("salesforce:m32", "salesforce:x")
    assert (ends["x"], ends["y"]) == ("salesforce:x", "salesforce:y")
    unresolved = {
        i for (i,) in engine.rows("select source_id from canonical.customer_record where is_merge_unresolved")
    }
    assert unresolved == {"x", "y", "l0", "l1"}


def test_the_name_of_a_merged_record_still_finds_the_one_that_stands_for_it(engine: Engine) -> None:
    crm = [customer("old", "Old Name", country="DE", merged_into_source_id="new"), customer("new", "New", country="DE")]
    engine.run({CRM: crm, ERP: [customer("1", "OLD NAME GmbH", country="DE")]})
    assert pairs(engine) == {("1", "new")}
    method = engine.rows("select match_method from canonical.customer_xref where source_id = '1'")
    assert method == [("former_name_country",)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH", "MULLER AND SOHNE Gesellschaft mit beschränkter Haftung"),
        ("Mu\u0308ller", "Müller"),
        ("Société Générale S.A.", "societe generale SA"),
        ("株式会社東京データ", "東京データ株式会社"),
        ("Kraków Usługi Sp. z o.o.", "krakow uslugi, sp z oo"),
        ("\u200fשלום יועצים", "שלום  יועצים"),
        ("O’Brien–Smith, Inc.", "O'Brien Smith Incorporated"),
        ("İstanbul Danışmanlık A.Ş.", "istanbul danısmanlık"),
    ],
)
def test_spellings_of_one_name(engine: Engine, one: str, other: str) -> None:
    engine.run({CRM: [customer("a", one, country="XX")], ERP: [customer("1", other, country="XX")]})
    assert pairs(engine) == {("1", "a")}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ромашка", "Romashka"),
        ("か", "が"),
        ("हिन्दी", "हनद"),
        ("Йод", "Иод"),
        ("東京", "东京"),
        ("ΑΒΓ", "ABG"),
        ("Acme GmbH", "Acme AG"),
        ("GmbH", "AG"),
        ("???", "!!!"),
    ],
)
def test_names_that_are_not_the_same(engine: Engine, one: str, other: str) -> None:
    engine.run({CRM: [customer("a", one, country="XX")], ERP: [customer("1", other, country="XX")]})
    assert pairs(engine) == set()


def test_names_are_kept_as_they_were_written(engine: Engine) -> None:
    names = ["Mu\u0308ller", "\u200fשלום", "株式会社　東京", "  two  spaces ", "🚀 A\u00a0B"]
    engine.run({CRM: [customer(str(n), name) for n, name in enumerate(names)]})
    kept = engine.rows("select name from canonical.customer_name order by source_id")
    assert [name.encode() for (name,) in kept] == [name.encode() for name in names]
