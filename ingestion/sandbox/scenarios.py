"""Scenario files: a small business case in YAML and the findings it must give, to the cent.

``load`` reads a directory; ``worlds`` groups the scenarios that can share one firm; ``json_schema`` documents the
format for people who write such files. A file says only what matters, see ``scenario_defaults.DEFAULTS``.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingestion.config import ConfigurationError
from ingestion.sandbox.facts import Currency, Exact, Facts
from ingestion.sandbox.scenario_defaults import DEFAULTS, FieldProblem, complete
from ingestion.sandbox.scenario_names import PREFIXES, add_namespace, policy_references, qualified

AS_OF = date(2026, 4, 30)
REPORTING_CURRENCY = "USD"
Verdict = Literal[
    "not_yet_due", "at_risk", "confirmed_loss", "not_leakage", "indeterminate",
    "timing_delay", "overbilling", "control_gap", "compliance", "billed", "unmatched",
]  # fmt: skip
# Numbers that are not money may be written without quotes; everything else must keep its exact decimals.
_PLAIN_NUMBERS = re.compile(r"(hours|billable_hours|hours_per_day|quantity|.*_pct|shares\..*)$")


class ScenarioError(ConfigurationError):
    """A scenario file cannot be used; one sentence names the file, the field and the remedy."""


class Expectation(BaseModel):
    """One verdict or finding. Fields not given are not compared; ``amount: null`` demands an unknown amount."""

    model_config = ConfigDict(extra="forbid")

    item: str = Field(
        description="id of the fact that the verdict is about: a time entry, expense, supplier invoice line, milestone "
        "(<milestone>/<customer> when it is split), invoice, contract line or any other fact of the file; "
        "created facts are CL1, P1, K1, C1 ..."
    )
    category: str | None = None
    detector: str | None = Field(None, description="for instance L01")
    verdict: Verdict = Field(
        description="unmatched: a customer, project or person that no rule joined across the systems, with the money on it"
    )
    amount: Exact | None = Field(
        None, description="leakage in currency; 0 for timing_delay, control_gap and compliance"
    )
    currency: Currency | None = None
    reason: str | None = None
    cause: str | None = Field(None, description="one of the causes that the finding names; null when it names none")
    exposed_amount: Exact | None = None
    carry_cost: Exact | None = None
    confidence: Literal["high", "medium", "low"] | None = Field(
        None, description="how sure the links are that the finding rests on; less than high where a rule inferred one"
    )


class Scenario(BaseModel):
    """One case. Ids in ``facts`` carry the scenario's name (S01:T1); ``expect`` keeps the ids of the file."""

    model_config = ConfigDict(extra="forbid")

    scenario: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,23}$", description="unique name")]
    title: str = ""
    as_of: date = AS_OF
    policies: dict[str, list[dict[str, str | bool | int | date | None]]] = Field(
        {},
        description="rows that are added to policy tables (dbt_project/seeds), for instance tax_rates; a scope_id, "
        "from_legal_entity or to_legal_entity is the id of a fact of this file",
    )
    facts: Facts
    expect: list[Expectation] = Field(description="exactly these; any other leakage of the scenario is a difference")

    @field_validator("expect", mode="before")
    @classmethod
    def _none_expected(cls, value: Any) -> Any:
        return [] if value is None else value

    def fact_id(self, item: str) -> str:
        """The id in the shared firm of a fact of this file."""
        return qualified(self.scenario, item)


@dataclass
class ScenarioWorld:
    """Scenarios that share one firm and one run."""

    as_of: date
    scenarios: list[Scenario] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The moment of the run: late in the evening of ``as_of``."""
        return datetime.combine(self.as_of, time(23, 30), UTC)

    @property
    def policies(self) -> dict[str, list[dict[str, str | bool | int | date | None]]]:
        """The rows that all its scenarios add to the policies."""
        return self.scenarios[0].policies

    @property
    def facts(self) -> Facts:
        """The facts of all scenarios together; identical exchange rates are given once."""
        merged: dict[str, list[Any]] = {}
        for scenario in self.scenarios:
            for kind in Facts.model_fields:
                merged.setdefault(kind, []).extend(getattr(scenario.facts, kind))
        for kind in ("fx_rates", "feeds"):
            merged[kind] = list({f.model_dump_json(): f for f in merged[kind]}.values())
        return Facts(**merged)


def load(directory: Path) -> list[Scenario]:
    """All scenarios of the ``*.yml`` and ``*.yaml`` files of ``directory`` (or of one file), by file name.

    Raises ScenarioError for a file that cannot be used, a name used twice, or no scenario at all.
    """
    if not directory.exists():
        raise ScenarioError(f"{directory}: no such file or directory")
    files = (
        sorted(p for p in directory.iterdir() if p.suffix in (".yml", ".yaml")) if directory.is_dir() else [directory]
    )
    found: dict[str, tuple[Scenario, Path]] = {}
    for path in files:
        for scenario in _load_file(path):
            if scenario.scenario in found:
                other = found[scenario.scenario][1].name
                raise ScenarioError(f"{path.name}: scenario: the name {scenario.scenario!r} is taken by {other}")
            found[scenario.scenario] = (scenario, path)
    if not found:
        raise ScenarioError(f"{directory}: no scenario files (*.yml) here")
    return [scenario for scenario, _ in found.values()]


def parse(document: Any, source: str = "scenario") -> Scenario:
    """One scenario from a YAML document already read; raises ScenarioError that begins with ``source``."""
    try:
        if not isinstance(document, Mapping):
            raise FieldProblem("the file", "a scenario is a mapping with scenario, facts and expect")
        document = copy.deepcopy(dict(document))
        _refuse_floats(document, "")
        as_of = _as_of(document)
        given = _fact_lists(document.get("facts"))
        _refuse_different_duplicates(given)
        complete(given, as_of)
        document["policies"] = _own_policies(document, given)
        add_namespace(str(document.get("scenario", "")), given)
        scenario = Scenario.model_validate({**document, "facts": given})
        _refuse_unknown_items(scenario)
        return scenario
    except FieldProblem as problem:
        raise ScenarioError(f"{source}: {problem}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{source}: {_path(first['loc'])}: {first['msg']}") from None


def worlds(scenarios: Iterable[Scenario]) -> list[ScenarioWorld]:
    """The scenarios grouped into firms: one as_of each, and no fact of one scenario that changes another's answer.

    What holds for a whole firm separates worlds: policies, where a vendor's clock stands, standard rate cards,
    exchange rates, and people or projects that would carry the same key.
    """
    found: list[tuple[_FirmWide, ScenarioWorld]] = []
    for scenario in scenarios:
        own = _FirmWide.of(scenario)
        for firm, world in found:
            if firm.accepts(own):
                firm.add(own)
                world.scenarios.append(scenario)
                break
        else:
            found.append((own, ScenarioWorld(scenario.as_of, [scenario])))
    return [world for _, world in found]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file as people write it: defaults are optional and described."""
    schema = Scenario.model_json_schema()
    for name, model in schema["$defs"].items():
        rules = DEFAULTS.get(name, {})
        properties: dict[str, Any] = model.get("properties", {})
        for field_name, rule in rules.items():
            known = properties[field_name].get("description")
            properties[field_name]["description"] = f"{known}; {rule}" if known else rule
        optional = {*rules, "id"} if _has_default_id(name) else set(rules)
        model["required"] = [f for f in model.get("required", []) if f not in optional]
        if not model["required"]:
            del model["required"]
        for field_name, prop in properties.items():
            if not _PLAIN_NUMBERS.match(field_name):
                _quoted(prop)
    items = schema["$defs"]["InvoiceLine"]["properties"]["items"]["items"]
    schema["$defs"]["InvoiceLine"]["properties"]["items"]["items"] = {"anyOf": [{"type": "string"}, items]}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Leakage scenario"
    return schema


# -- reading -------------------------------------------------------------------------------------------------------


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _load_file(path: Path) -> Iterator[Scenario]:
    try:
        documents = [d for d in yaml.load_all(path.read_text("utf-8"), _StrictLoader) if d is not None]
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ScenarioError(f"{path.name}: {error.problem}{line}") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ScenarioError(f"{path.name}: cannot be read ({str(error).splitlines()[0]})") from None
    for document in documents:
        yield parse(document, path.name)


def _refuse_floats(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, nested in value.items():
            _refuse_floats(nested, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for n, nested in enumerate(value):
            _refuse_floats(nested, f"{path}[{n}]")
    elif isinstance(value, float) and not _PLAIN_NUMBERS.search(path.rpartition("]")[2].lstrip(".") or path):
        raise FieldProblem(path, f'money is exact, so write {value} in quotes, as in "{value:.2f}"')


def _as_of(document: dict[str, Any]) -> date:
    value = document.get("as_of", AS_OF)
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise FieldProblem("as_of", f"{value!r} is not a date, write it as 2026-04-30") from None


def _fact_lists(facts: Any) -> dict[str, list[dict[str, Any]]]:
    """The facts with their shape checked: a mapping of known kinds to lists of records."""
    if not isinstance(facts, Mapping):
        raise FieldProblem("facts", "give a mapping of fact kinds to lists, for instance time_entries")
    for kind, records in facts.items():
        if kind not in Facts.model_fields:
            raise FieldProblem(f"facts.{kind}", f"no such kind of fact; known: {', '.join(Facts.model_fields)}")
        if not isinstance(records, list):
            raise FieldProblem(f"facts.{kind}", "give a list of records")
        for n, record in enumerate(records):
            _check_record(record, f"facts.{kind}[{n}]")
    return dict(facts)


def _own_policies(document: Mapping[str, Any], facts: Mapping[str, list[dict[str, Any]]]) -> Any:
    """The policies of a file with the scenario's name in the ids that name its facts."""
    policies = document.get("policies", {})
    for table, rows in policies.items() if isinstance(policies, dict) else ():
        for n, row in enumerate(rows if isinstance(rows, list) else ()):
            for column, kind in policy_references(row).items():
                known = [str(fact["id"]) for fact in facts[kind]]
                if row[column] not in known:
                    raise FieldProblem(
                        f"policies.{table}[{n}].{column}",
                        f"{row[column]!r} is not among the {kind} of this file ({', '.join(known) or 'none'})",
                    )
                row[column] = qualified(str(document.get("scenario", "")), row[column])
    return policies


def _check_record(record: Any, at: str) -> None:
    if not isinstance(record, dict):
        raise FieldProblem(at, "give a record of fields")
    for n, line in enumerate(record.get("lines") or []):
        if not isinstance(line, dict):
            raise FieldProblem(f"{at}.lines[{n}]", "give a record of fields")
        for i, item in enumerate(line.get("items") or []):
            if not isinstance(item, str) and not (isinstance(item, dict) and isinstance(item.get("item"), str)):
                raise FieldProblem(f"{at}.lines[{n}].items[{i}]", "give an item's id, or a record with item")


def _refuse_different_duplicates(facts: dict[str, list[dict[str, Any]]]) -> None:
    """The same record twice is a delivery that came twice; two different records cannot share an id."""
    for kind, records in facts.items():
        seen: dict[str, dict[str, Any]] = {}
        for n, record in enumerate(records):
            key = str(record.get("id", f"#{n}"))
            if seen.setdefault(key, record) != record:
                raise FieldProblem(f"facts.{kind}[{n}].id", f"{key!r} is the id of another record of the same kind")


def _refuse_unknown_items(scenario: Scenario) -> None:
    known = set(fact_ids(scenario.facts))
    for n, expected in enumerate(scenario.expect):
        if scenario.fact_id(expected.item) not in known:
            split = [k for k in known if k.startswith(scenario.fact_id(expected.item) + "/")]
            hint = f"; it is split, name the share: {split[0].replace(scenario.scenario + ':', '')}" if split else ""
            raise FieldProblem(f"expect[{n}].item", f"no fact {expected.item!r} in this file{hint}")


def fact_ids(facts: Facts) -> Iterator[str]:
    """Ids of everything that a finding can be about: facts, their lines, and the shares of split milestones."""
    for kind in PREFIXES:
        for fact in getattr(facts, kind):
            shares = getattr(fact, "shares", None)
            if shares:
                yield from (f"{fact.id}/{customer}" for customer in shares)
            else:
                yield fact.id
            yield from (line.id for line in getattr(fact, "lines", []))


def _path(location: Iterable[Any]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


# -- grouping ------------------------------------------------------------------------------------------------------


@dataclass
class _FirmWide:
    """What a scenario says about the whole firm. ``fx`` is None when no exchange rate can matter to it."""

    separate: str
    fx: str | None
    keys: set[str]

    @classmethod
    def of(cls, scenario: Scenario) -> _FirmWide:
        facts = scenario.facts
        standard = [[c.currency, [[x.role, x.rate, x.valid_from, x.valid_to] for x in c.lines]]
                    for c in facts.rate_cards if c.scope == "standard"]  # fmt: skip
        feeds = [f.model_dump(mode="json") for f in facts.feeds]
        separate = json.dumps([scenario.as_of, scenario.policies, feeds, standard], default=str, sort_keys=True)
        foreign = set(re.findall(r'"currency":"([A-Z]{3})"', facts.model_dump_json())) - {REPORTING_CURRENCY}
        fx = "\n".join(sorted(r.model_dump_json() for r in facts.fx_rates)) if foreign or facts.fx_rates else None
        return cls(separate, fx, {p.code for p in facts.projects} | {r.email for r in facts.resources})

    def accepts(self, other: _FirmWide) -> bool:
        same_fx = self.fx is None or other.fx is None or self.fx == other.fx
        return self.separate == other.separate and same_fx and not self.keys & other.keys

    def add(self, other: _FirmWide) -> None:
        self.fx = self.fx if self.fx is not None else other.fx
        self.keys |= other.keys


# -- schema --------------------------------------------------------------------------------------------------------


def _has_default_id(model: str) -> bool:
    return any(
        getattr(Facts.model_fields[kind].annotation, "__args__", [None])[0].__name__ == model for kind in PREFIXES
    )


def _quoted(prop: dict[str, Any]) -> None:
    """Money is written as quoted decimals or whole numbers, never as a float."""
    for option in prop.get("anyOf", []):
        if option.get("type") == "number":
            option["type"] = "integer"
