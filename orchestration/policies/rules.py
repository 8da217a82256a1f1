"""What rows mean to the models that read them: names of policies and detectors, units, scopes, prices, rules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from ingestion.config import DOMAINS
from orchestration.policies import project
from orchestration.policies.between import period
from orchestration.policies.countries import COUNTRIES
from orchestration.policies.problem import Problem, either
from orchestration.policies.read import Row, out_of_range

# Narrowest scope that is read -> the scopes that a row may have.
SCOPES = {
    "contract_line": ("global", "legal_entity", "customer", "contract_line"),
    "domain": ("global", "domain"),
    "global": ("global",),
}

# What the sentences of the exception queue may be filled with.
EXCEPTION_WORDS = ("money", "month", "customer", "subject", "count", "detail")


def by_meaning(rows: Mapping[str, Sequence[Row]]) -> list[Problem]:
    """What only the models give a meaning; a rule that needs a seed without sound rows is left out."""
    return [
        problem
        for needed, rule in _RULES
        if all(name in rows for name in needed)
        for problem in rule(*(rows[name] for name in needed))
    ]


def _policies(rows: Iterable[Row]) -> Iterator[Problem]:
    units = {name: unit for named in project.policy_definitions().values() for name, unit in named.items()}
    narrowest = {name: scope for scope, named in project.policy_definitions().items() for name in named}
    for row in rows:
        key, scope = row.text["policy_key"], row.text["scope_type"]
        if key not in units:
            if row.knows("policy_key"):
                yield row.problem(f"policy_key {key!r} is unknown", _meant(key, units))
            continue
        if row.knows("unit") and row.text["unit"] != units[key]:
            yield row.problem(f"unit {row.text['unit']!r} is not that of {key}", f"give it in {units[key]}")
        elif row.knows("unit", "policy_value"):
            yield from _policy_value(row, units[key])
        if not row.knows("scope_type", "scope_id"):
            continue
        if scope not in (allowed := SCOPES[narrowest[key]]):
            yield row.problem(f"scope_type {scope!r} is not read for {key}", f"write {either(allowed)}")
        else:
            yield from _scope_id(row)


def _scope_id(row: Row) -> Iterator[Problem]:
    scope, scope_id = row.text["scope_type"], row.text["scope_id"]
    if scope == "global" and scope_id:
        yield row.problem(
            f"scope_id {scope_id!r} with scope_type global", "leave it empty, or write whose id it is as scope_type"
        )
    elif scope != "global" and not scope_id:
        yield row.problem(f"scope_type {scope} without a scope_id", f"name the {scope.replace('_', ' ')}")
    elif scope == "domain" and scope_id not in DOMAINS:
        yield row.problem(f"scope_id {scope_id!r} is no domain", f"write {either(DOMAINS)}")
    elif scope == "country" and scope_id not in COUNTRIES:
        yield row.problem(f"scope_id {scope_id!r} is no ISO 3166 code", "write a country in two letters, as GB")


def _policy_value(row: Row, unit: str) -> Iterator[Problem]:
    value = row.values["policy_value"]
    if unit in ("days", "business_days") and value != value.to_integral_value():
        yield row.problem(f"policy_value {value} is no whole number of days", "give whole days")
    if unit.startswith("percent") and (complaint := out_of_range("policy_value", value, Decimal(0), Decimal(100))):
        yield row.problem(*complaint)


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known := sorted(known), 1)
    return f"write {near[0]}, if that is meant, or remove the row" if near else f"write {either(known)}"


def _global_policies(rows: Sequence[Row]) -> Iterator[Problem]:
    """Every policy holds for the whole firm on every day: where it does not, models would find nothing and say nothing."""
    for name in (name for named in project.policy_definitions().values() for name in named):
        yield from _always("policies.csv", name, [row for row in rows if row.text["policy_key"] == name])


def _fiscal_calendars(rows: Sequence[Row]) -> Iterator[Problem]:
    for row in rows:
        if row.knows("scope_type", "scope_id"):
            yield from _scope_id(row)
        if row.knows("valid_from") and row.values["valid_from"].day != 1:
            yield row.problem(f"valid_from {row.text['valid_from']} is in the middle of a month", "give its first day")
    yield from _always("fiscal_calendars.csv", "the fiscal calendar", rows)


def _expense_fx_policies(rows: Sequence[Row]) -> Iterator[Problem]:
    for row in rows:
        if row.knows("scope_type", "scope_id"):
            yield from _scope_id(row)
    yield from _always("expense_fx_policies.csv", "the currency rate of expenses", rows)


def _always(file: str, name: str, rows: Iterable[Row]) -> Iterator[Problem]:
    """The days on which none of the global ones of ``rows`` holds; silent while one of them has no sound period."""
    rows = [row for row in rows if row.text["scope_type"] == "global"]
    if not rows:
        remedy = f"add one that is valid from {project.CALENDAR_BEGINS} or earlier"
        yield Problem(file, None, f"{name} has no global row", remedy)
    elif all(row.knows("valid_from", "valid_to") and period(row)[0] < period(row)[1] for row in rows):
        yield from _gaps(name, sorted(rows, key=period))


def _gaps(name: str, rows: Sequence[Row]) -> Iterator[Problem]:
    expected, before = project.CALENDAR_BEGINS, None
    for row in rows:
        begins, ends = period(row)
        if begins > expected:
            until = begins - timedelta(days=1)
            remedy = f"begin this row on {expected}" + (f" or let line {before.line} end later" if before else "")
            yield row.problem(f"no global row of {name} holds from {expected} to {until}", remedy)
        if ends > expected:
            expected, before = ends, row
    if expected < date.max:
        yield (before or rows[-1]).problem(
            f"no global row of {name} holds from {expected} on", "leave valid_to empty or add the row that follows"
        )


def _rollout(rows: Sequence[Row], detectors: Iterable[Row]) -> Iterator[Problem]:
    known = {row.text["detector_id"] for row in detectors if row.text["detector_id"]}
    for row in rows:
        if row.knows("detector_id") and row.text["detector_id"] and row.text["detector_id"] not in known:
            detector = row.text["detector_id"]
            yield row.problem(
                f"detector_id {detector!r} is not in detectors.csv", "correct it or leave it empty for all"
            )
        if row.knows("scope_type", "scope_id"):
            yield from _scope_id(row)
    yield from _always("rollout.csv", "the rollout of all detectors", [r for r in rows if not r.text["detector_id"]])


def _detectors(rows: Sequence[Row]) -> Iterator[Problem]:
    detectors, claims = project.detectors(), project.claim_models()
    for row in rows:
        detector, category = row.text["detector_id"], row.text["category"]
        if not row.knows("detector_id", "category", "claims_money", "claim_sequence", "owner"):
            continue
        if detector and category not in detectors:
            named = [name for name, found_by in detectors.items() if found_by == detector]
            remedy = f"its category is {named[0]}" if named else "remove the row or correct detector_id"
            yield row.problem(f"no model finds {category} as detector {detector}", remedy)
        elif detector != detectors.get(category, ""):
            yield row.problem(f"detector_id {detector!r} is not that of {category}", f"write {detectors[category]}")
        elif not detector and category not in claims:
            yield row.problem(f"no model knows the category {category}", "correct it or remove the row")
            continue
        if detector and not row.text["owner"]:
            yield row.problem(f"detector {detector} has no owner", "name who acts on its findings")
        if row.values["claims_money"] and category not in claims:
            yield row.problem(f"no model claims money for {category}", "write false as claims_money")
        if not row.values["claims_money"] and category in claims:
            yield row.problem(f"the ledger serves claims of {category}", "write true as claims_money")
        if row.values["claims_money"] and row.values["claim_sequence"] is None:
            yield row.problem(f"claims_money without a claim_sequence for {category}", "give its place in the order")
        if not row.values["claims_money"] and row.values["claim_sequence"] is not None:
            yield row.problem(f"claim_sequence for {category}, which claims no money", "leave it empty")
    present = {row.text["category"] for row in rows}
    for category, detector in sorted(detectors.items()):
        if category not in present:
            remedy = "put the row back; is_enabled false switches the detector off"
            yield Problem("detectors.csv", None, f"detector {detector} {category} has no row", remedy)
    for category in sorted(claims - present - set(detectors)):
        yield Problem("detectors.csv", None, f"{category}, which claims money, has no row", "put the row back")


def _detector_inputs(rows: Iterable[Row], detectors: Iterable[Row]) -> Iterator[Problem]:
    known = {row.text["detector_id"] for row in detectors if row.text["detector_id"]}
    fed = set()
    for row in rows:
        detector = row.text["detector_id"]
        fed.add(detector)
        if row.knows("detector_id") and detector not in known:
            yield row.problem(f"detector_id {detector!r} is not in detectors.csv", "correct it or remove the row")
    for detector in sorted(known.intersection(project.detectors().values()) - fed):
        yield Problem(
            "detector_inputs.csv", None, f"detector {detector} has no row", "say which domains it must hear of"
        )


def _categories(rows: Iterable[Row], detectors: Iterable[Row]) -> Iterator[Problem]:
    known = {row.text["category"] for row in detectors}
    for row in rows:
        if row.knows("category") and row.text["category"] not in known:
            yield row.problem(
                f"category {row.text['category']!r} is not in detectors.csv", "correct it or remove the row"
            )


def _transfer_prices(rows: Iterable[Row]) -> Iterator[Problem]:
    for row in rows:
        lender, borrower = row.text["from_legal_entity"], row.text["to_legal_entity"]
        rate, share, currency = row.text["hourly_rate"], row.text["rate_pct"], row.text["currency"]
        if lender and lender == borrower:
            yield row.problem(f"{lender} charges itself", "name two different companies")
        if bool(rate) == bool(share):
            yield row.problem(
                f"{'both' if rate else 'neither'} an hourly_rate {'and' if rate else 'nor'} a rate_pct",
                "give one of them",
            )
        elif rate and not currency:
            yield row.problem("hourly_rate without a currency", "name the currency of the price")
        elif share and currency:
            yield row.problem("a currency with rate_pct", "leave it empty: the share is in the currency of the rate")


def _identity_rules(rows: Sequence[Row]) -> Iterator[Problem]:
    known = project.identity_rules()
    for row in rows:
        kind = row.text["entity_type"]
        if row.knows("entity_type", "rule") and row.text["rule"] not in known[kind]:
            yield row.problem(
                f"rule {row.text['rule']!r} is unknown for {kind}", f"write {either(sorted(known[kind]))}"
            )
    for kind, rules in known.items():
        for rule in sorted(rules - {row.text["rule"] for row in rows if row.text["entity_type"] == kind}):
            remedy = "put the row back; is_enabled false switches the rule off"
            yield Problem("identity_rules.csv", None, f"rule {rule} of {kind} has no row", remedy)


def _identity_decisions(rows: Iterable[Row]) -> Iterator[Problem]:
    for row in rows:
        one = row.text["source_system"], row.text["source_id"]
        if one == (row.text["target_system"], row.text["target_source_id"]):
            yield row.problem(f"{' '.join(one)} is compared with itself", "name the other record as the target")


def _exception_rules(rows: Iterable[Row]) -> Iterator[Problem]:
    """Every kind has its words: what has none would be missing in the queue, and nobody would know."""
    kinds = project.detectors().keys() | project.exception_kinds()
    present = set()
    for row in rows:
        kind = row.text["kind"]
        present.add(kind)
        if row.knows("kind") and kind not in kinds:
            yield row.problem(f"kind {kind!r} is unknown", _meant(kind, kinds))
        for column in ("sentence", "action"):
            for word in re.findall(r"\{(.*?)\}", row.text[column]):
                if word not in EXCEPTION_WORDS:
                    yield row.problem(
                        f"{column} holds {{{word}}}, which nothing fills", f"write {either(EXCEPTION_WORDS)} in braces"
                    )
    for kind in sorted(kinds - present):
        remedy = "put the row back; is_queued false keeps it out of the queue"
        yield Problem("exception_rules.csv", None, f"{kind} has no row", remedy)


_RULES: tuple[tuple[tuple[str, ...], Callable[..., Iterable[Problem]]], ...] = (
    (("policies",), _policies),
    (("policies",), _global_policies),
    (("fiscal_calendars",), _fiscal_calendars),
    (("expense_fx_policies",), _expense_fx_policies),
    (("rollout", "detectors"), _rollout),
    (("detectors",), _detectors),
    (("detector_inputs", "detectors"), _detector_inputs),
    (("recoverability", "detectors"), _categories),
    (("transfer_prices",), _transfer_prices),
    (("identity_rules",), _identity_rules),
    (("identity_decisions",), _identity_decisions),
    (("exception_rules",), _exception_rules),
)
