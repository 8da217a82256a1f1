"""Rules of the dbt project: layering, contracts, portable SQL, documentation, detectors and their models.

One manifest is parsed and compiled for the whole session; nothing is built and no warehouse is read.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.registry import SYSTEMS

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
# Every system in every domain that it can serve: more than a firm runs, and all that the project holds.
SERVED = [(domain, system.name) for system in SYSTEMS.values() for domain in sorted(system.domains)]
LAYERS = ("staging", "mapping", "canonical", "ledger", "marts")
Node = dict[str, Any]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project's manifest as parsed by dbt in this process, with every system switched on."""
    from dbt.cli.main import dbtRunner

    directory = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKAGE_DATA_DIR", str(directory))
        patch.setenv("LEAKAGE_AS_OF", "2026-04-30")
        patch.setenv("LEAKAGE_SYSTEMS", ",".join(f"{domain}={system}" for domain, system in SERVED))
        result = dbtRunner().invoke(
            ["--quiet", "parse", "--no-partial-parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
            + ["--target-path", str(directory / "target"), "--log-path", str(directory / "logs")]
        )
    assert result.success, f"dbt parse failed: {result.exception}"
    return json.loads((directory / "target" / "manifest.json").read_text())


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    """The project's models by name."""
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def layer(node: Node) -> str:
    """The layer of a model or source: the first folder of its path."""
    return str(node["fqn"][1])


def parents(manifest: dict[str, Any], node: Node) -> list[tuple[str, Node]]:
    """What a model reads, with the layer of each; seeds and sources are layers of their own."""
    found = []
    for parent in node["depends_on"]["nodes"]:
        known = manifest["nodes"].get(parent) or manifest["sources"][parent]
        kind = known["resource_type"]
        found.append((layer(known) if kind == "model" else kind, known))
    return found


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed file."""
    with (PROJECT / "seeds" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def sql_files() -> list[Path]:
    return sorted((PROJECT / "models").rglob("*.sql"))


def code(path: Path) -> str:
    """A model's text without comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    return re.sub(r"--[^\n]*", "", text)


def offences(pattern: str, paths: list[Path] | None = None) -> list[str]:
    """Where a pattern occurs in the models' code, as file: text."""
    return [
        f"{path.relative_to(PROJECT)}: {found.group(0).strip()[:80]}"
        for path in (sql_files() if paths is None else paths)
        for found in re.finditer(pattern, code(path), flags=re.I)
    ]


def test_each_layer_reads_only_the_layers_below_it(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    allowed = {
        "staging": {"source"},
        "mapping": {"staging", "mapping"},
        "canonical": {"mapping", "canonical", "seed", "source"},
        "ledger": {"canonical", "ledger", "seed"},
        "marts": {"canonical", "ledger", "marts", "seed"},
    }
    wrong = [
        f"{name} reads {kind} {parent['name']}"
        for name, node in models.items()
        for kind, parent in parents(manifest, node)
        if kind not in allowed[layer(node)]
    ]
    assert wrong == []


def test_canonical_reads_no_source_but_what_tells_of_loads_decisions_and_events(
    manifest: dict[str, Any], models: dict[str, Node]
) -> None:
    read = {
        parent["name"]
        for node in models.values()
        if layer(node) == "canonical"
        for kind, parent in parents(manifest, node)
        if kind == "source"
    }
    assert read == {"feed", "quarantine", "finding_decision", "exception_decision", "load_attempt", "event"}


def test_staging_and_mapping_stay_within_their_own_system(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    wrong = []
    for name, node in models.items():
        if layer(node) not in ("staging", "mapping"):
            continue
        system = node["fqn"][2]
        for kind, parent in parents(manifest, node):
            other = parent["source_name"].removeprefix("raw_") if kind == "source" else parent["fqn"][2]
            if other != system:
                wrong.append(f"{name} reads {parent['name']} of {other}")
    assert wrong == []


def entity_columns(entity: str) -> list[str]:
    """The columns of an entity in the order of the contract, read from the macro that defines it."""
    text = (PROJECT / "macros" / "entities.sql").read_text()
    body = re.search(rf"'{entity}': \{{(.*?)\}}", text, flags=re.S)
    assert body, f"macros/entities.sql knows no entity {entity}"
    return ["source_id", "source_updated_at", "is_deleted", *re.findall(r"'(\w+)': ", body.group(1))]


def test_every_mapping_model_has_the_columns_of_its_entity_in_order(models: dict[str, Node]) -> None:
    """The outermost select list is read from the text of the model, with its templates taken out."""
    import sqlglot

    mapped = {name: node for name, node in models.items() if layer(node) == "mapping"}
    assert mapped
    wrong = {}
    for name, node in mapped.items():
        entity = name.split("__", 1)[1]
        rendered = re.sub(r"\{%-?.*?-?%\}", "", re.sub(r"\{#.*?#\}", "", node["raw_code"], flags=re.S), flags=re.S)
        rendered = re.sub(r"\{\{.*?\}\}", "templated", rendered, flags=re.S)
        # A template that stands for a whole subquery or select needs something that parses in its place.
        rendered = re.sub(r"as \(\s*templated\s*\)", "as (select 1 as one)", rendered)
        found = sqlglot.parse_one(rendered, read="duckdb").named_selects
        if found != entity_columns(entity):
            wrong[name] = found
    assert wrong == {}


def test_every_system_has_the_mapping_models_of_its_domain(models: dict[str, Node]) -> None:
    text = (PROJECT / "macros" / "entities.sql").read_text()
    domains = re.search(r"macro domain_entities\(\).*?return\((\{.*?\})\)", text, flags=re.S)
    assert domains
    expected = {
        f"map_{system}__{entity}"
        for domain, entities in re.findall(r"'(\w+)': \[(.*?)\]", domains.group(1), flags=re.S)
        for served, system in SERVED
        if served == domain
        for entity in re.findall(r"'(\w+)'", entities)
    }
    assert {name for name, node in models.items() if layer(node) == "mapping"} == expected


def test_every_model_says_what_it_is_and_its_grain(models: dict[str, Node]) -> None:
    silent = [
        name
        for name, node in models.items()
        if not re.search("Grain: |One row per " if layer(node) == "staging" else "Grain: ", node["description"])
    ]
    assert silent == []


def test_every_column_from_canonical_on_is_described(models: dict[str, Node]) -> None:
    silent = [
        f"{name}.{column['name']}"
        for name, node in models.items()
        if layer(node) in ("canonical", "ledger", "marts")
        for column in node["columns"].values()
        if not column["description"]
    ]
    assert silent == []
    assert [name for name, node in models.items() if layer(node) != "staging" and not node["columns"]] == []


def test_money_is_exact_and_has_its_currency_beside_it(models: dict[str, Node]) -> None:
    """Policies are left out: they are numbers of judgement that hold in whatever currency the contract line has."""
    wrong = []
    for name, node in models.items():
        if layer(node) not in ("canonical", "ledger", "marts") or name.endswith("_policies"):
            continue
        columns = {column["name"]: (column["data_type"] or "").replace(" ", "") for column in node["columns"].values()}
        money = {column: kind for column, kind in columns.items() if column == "amount" or column.endswith("_amount")}
        wrong += [f"{name}.{column} is {kind}" for column, kind in money.items() if kind != "decimal(18,4)"]
        if money and not any(column == "currency" or column.endswith("_currency") for column in columns):
            wrong.append(f"{name} has {', '.join(money)} without a currency")
    assert wrong == []


def test_no_vendor_is_named_downstream_of_mapping() -> None:
    names = "|".join(SYSTEMS)
    paths = [
        path
        for folder in ("canonical", "ledger", "marts")
        for path in (PROJECT / "models" / folder).rglob("*")
        if path.suffix in (".sql", ".yml")
    ]
    assert paths
    assert [str(path.relative_to(PROJECT)) for path in paths if re.search(names, path.read_text(), flags=re.I)] == []


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("cast() instead of the :: operator", r".*::.*"),
        ("row_number in a CTE instead of qualify", r"\bqualify\b"),
        ("explicit group by columns", r"\bgroup by all\b"),
        ("exact decimals", r"\bas (double|float|real)\b"),
        ("no recursive CTE", r"\bwith recursive\b"),
        ("no generated series or unnesting", r"\b(generate_series|unnest)\s*\("),
        ("no quoted identifiers", r'\bas "\w+"'),
        ("dates through the cross-database macros", r"\bextract\s*\("),
        ("try-casts through macros", r"\btry_cast\b"),
    ],
)
def test_sql_is_portable(rule: str, pattern: str) -> None:
    assert offences(pattern) == [], rule


def ordered_parts(text: str) -> Iterator[str]:
    """Each expression of every "order by" in a model's code."""
    for match in re.finditer(r"\border by\b", text, flags=re.I):
        depth, part = 0, ""
        for character in text[match.end() :]:
            if character in "([":
                depth += 1
            elif character in ")]":
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and character in '"{':
                break
            if character == "," and depth == 0:
                yield part
                part = ""
                continue
            part += character
            if depth == 0 and re.search(r"\n\s*(rows|range) between\b", part):
                break
        yield re.split(r"\s(?:rows|range) between\b", part)[0]


def test_every_order_by_says_where_nulls_go() -> None:
    silent = [
        f"{path.relative_to(PROJECT)}: {' '.join(part.split())}"
        for path in sql_files()
        for part in ordered_parts(code(path))
        if not re.search(r"nulls (first|last)\s*$", part.strip())
    ]
    assert silent == []


def test_lines_are_short_enough_to_read() -> None:
    long = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in sql_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > 130
    ]
    assert long == []


def detectors() -> dict[str, dict[str, str]]:
    return {row["detector_id"]: row for row in seed("detectors") if row["detector_id"]}


def detector_model(row: dict[str, str]) -> str:
    return f"leakage__{row['detector_id'].lower()}_{row['category']}"


def test_every_detector_has_its_model_and_every_model_its_detector(models: dict[str, Node]) -> None:
    found = {name for name in models if re.fullmatch(r"leakage__[a-z]\d\d_\w+", name)}
    assert found == {detector_model(row) for row in detectors().values()}


def test_the_register_reads_every_detector(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    expected = {detector_model(row) for row in detectors().values()}
    assert expected <= {parent["name"] for _, parent in parents(manifest, models["leakage__detected"])}
    for reader in ("leakage__findings", "leakage__finding_events"):
        assert "leakage__detected" in {parent["name"] for _, parent in parents(manifest, models[reader])}, reader


def test_claims_and_the_seed_name_the_same_categories(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    seeded = {row["category"] for row in seed("detectors") if row["claims_money"] == "true"}
    served = {
        parent["name"].removeprefix("claim_")
        for _, parent in parents(manifest, models["ledger__item_claims"])
        if parent["name"].startswith("claim_")
    }
    assert served == seeded


def test_the_order_of_claims_is_unambiguous_and_puts_special_states_first() -> None:
    sequence = {row["category"]: int(row["claim_sequence"]) for row in seed("detectors") if row["claim_sequence"]}
    assert len(set(sequence.values())) == len(sequence)
    in_order = [
        "not_entitled", "over_cap", "missing_rate", "not_judged", "credit_not_rebilled", "phantom_billed",
        "billing_hold_stale", "billing_hold", "unapproved_time", "not_submitted", "rate_variance_under",
        "unbilled_approved_time",
    ]  # fmt: skip
    assert sorted(in_order, key=sequence.__getitem__) == in_order


def test_the_tested_order_of_claims_is_that_of_the_seed() -> None:
    """The unit test of the ledger's claims carries the order itself, because empty seed cells cannot be read there."""
    import yaml

    tests = yaml.safe_load((PROJECT / "models/ledger/claims/_claims_unit_tests.yml").read_text())["unit_tests"]
    (order,) = [
        given["rows"]
        for test in tests
        if test["name"] == "one_dollar_in_one_place"
        for given in test["given"]
        if given["input"] == "ref('detectors')"
    ]
    seeded = [
        {"category": row["category"], "claim_sequence": int(row["claim_sequence"])}
        for row in seed("detectors")
        if row["claim_sequence"]
    ]
    assert order == seeded


def test_every_detector_claim_and_ledger_model_has_a_unit_test(
    manifest: dict[str, Any], models: dict[str, Node]
) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    # Days are data of their own: the spine takes no input that a unit test could replace.
    expected = {name for name, node in models.items() if layer(node) == "ledger"} - {"ledger__calendar_days"}
    expected |= {detector_model(row) for row in detectors().values()}
    assert expected - tested == set()


def test_unit_tests_do_not_depend_on_the_environment(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    """A unit test of a model that asks for the business date replaces it."""
    asks = {name for name, node in models.items() if re.search(r"as_of_date\(\)|come_by_as_of\(", node["raw_code"])}
    free = [
        f"{test['model']}.{test['name']}"
        for test in manifest["unit_tests"].values()
        if test["model"] in asks and "as_of_date" not in ((test.get("overrides") or {}).get("macros") or {})
    ]
    assert free == []


def test_models_read_only_the_documented_switches_from_the_environment() -> None:
    read = set(re.findall(r"env_var\('(\w+)'", "\n".join(path.read_text() for path in PROJECT.rglob("*.sql"))))
    assert read <= {
        "LEAKAGE_SYSTEMS",
        "LEAKAGE_AS_OF",
        "LEAKAGE_KNOWN_AT",
        "LEAKAGE_REPORTING_CURRENCY",
        "LEAKAGE_POLICIES_DIR",
    }
