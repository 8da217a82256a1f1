"""Scenario files against the pipeline: every expected verdict and finding, to the cent, and no other leakage."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.scenarios import Expectation, Scenario, ScenarioWorld, load, worlds
from orchestration.scenario_policies import with_our_ids, write_policies

if TYPE_CHECKING:
    from ingestion.sandbox.world import World
    from orchestration.run import Progress

# Which facts a row of the register can be about: its type -> (domains of the system, kinds of facts).
_SUBJECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "time_entry": ("psa", ("time_entries",)),
    "expense_item": ("expense", ("expenses",)),
    "supplier_cost": ("procurement", ("supplier_invoice_lines",)),
    "milestone": ("psa", ("milestones",)),
    "progress": ("psa", ("progress_reports",)),
    "retainer": ("psa", ("retainers",)),
    "change_order": ("crm", ("change_orders",)),
    "payment": ("erp", ("payments",)),
    "invoice": ("erp", ("invoices",)),
    "invoice_line": ("erp", ("invoice_lines",)),
    "contract_line": ("crm", ("contract_lines",)),
    "commitment": ("crm", ("contract_lines",)),
    "engagement": ("crm", ("contracts",)),
    "project": ("psa", ("projects",)),
    "rate_card": ("crm", ("rate_cards",)),
    "customer": ("crm erp", ("customers",)),
    "person": ("psa hr", ("resources",)),
}
# Verdicts that a scenario must expect when they turn up; the others are states of healthy or unknown items.
_MUST_BE_EXPECTED = {"at_risk", "confirmed_loss", "overbilling", "timing_delay", "compliance"}
_COMPARED = (
    "verdict", "category", "reason", "cause", "amount", "currency", "exposed_amount", "carry_cost", "detector",
    "confidence",
)  # fmt: skip


@dataclass(frozen=True)
class Observed:
    """One row of the register or the ledger about one fact. ``is_finding`` tells them apart."""

    fact_id: str
    is_finding: bool
    verdict: str
    category: str | None = None
    detector: str | None = None
    reason: str | None = None
    cause: tuple[str, ...] = ()
    amount: Any = None
    currency: str | None = None
    exposed_amount: Any = None
    carry_cost: Any = None
    confidence: str | None = None
    is_estimate: bool = False

    def __str__(self) -> str:
        money = "amount unknown" if self.amount is None else f"{_text(self.amount)} {self.currency or ''}".strip()
        return ", ".join(filter(None, [self.verdict, self.category, self.reason, money]))


@dataclass
class ScenarioResult:
    """The outcome of one scenario; no differences = as expected."""

    scenario: str
    title: str
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences


def check(
    directory: Path,
    systems: Mapping[str, str],
    progress: Progress | None = None,
    log: Callable[[str], None] | None = None,
    keep: Path | None = None,
    *,
    quick: bool = False,
) -> list[ScenarioResult]:
    """Run the scenarios of ``directory`` through the whole pipeline, served by ``systems`` (domain -> system).

    Scenarios that can share a firm share a run; each run has its own data directory: a temporary one, or ``run-<n>``
    below ``keep``, which stays. ``log`` hears which run begins. ``quick`` loads and builds, but checks no data and
    publishes nothing. Raises ScenarioError for files that cannot be used.
    """
    scenarios = load(directory)
    results: dict[str, ScenarioResult] = {}
    groups = worlds(scenarios)
    with tempfile.TemporaryDirectory(prefix="leakage-policies-") as policies:
        folders = [
            write_policies(with_our_ids(group, systems), Path(policies) / str(n), group.scenarios[0].scenario)
            for n, group in enumerate(groups, 1)
        ]
        for n, (group, folder) in enumerate(zip(groups, folders, strict=True), 1):
            if log is not None:
                log(f"run {n} of {len(groups)}: {len(group.scenarios)} scenario(s) as of {group.as_of}")
            for result in _check_world(group, systems, progress, keep and keep / f"run-{n}", quick, folder):
                results[result.scenario] = result
    return [results[s.scenario] for s in scenarios]


def _check_world(
    group: ScenarioWorld,
    systems: Mapping[str, str],
    progress: Progress | None,
    keep: Path | None,
    quick: bool,
    policies: Path | None,
) -> list[ScenarioResult]:
    from ingestion.sandbox.server import SandboxServer
    from ingestion.sandbox.world import World
    from orchestration.environment import environment
    from orchestration.run import build_quickly, execute

    world = World(group.facts, group.now, systems)
    with tempfile.TemporaryDirectory(prefix="leakage-scenarios-") as temporary, SandboxServer(world) as sandbox:
        data_dir = str(keep or temporary)
        variables: dict[str, str | None] = {
            **sandbox.credentials(),
            "LEAKAGE_SYSTEMS": ",".join(f"{domain}={system}" for domain, system in systems.items()),
            "LEAKAGE_AS_OF": group.as_of.isoformat(),
            "LEAKAGE_KNOWN_AT": None,
            "LEAKAGE_DATA_DIR": data_dir,
            "LEAKAGE_POLICIES_DIR": str(policies) if policies else None,
        }
        with environment(variables):
            if quick:
                failed = build_quickly()
            else:
                outcome = execute(progress, expect_rows=False, keep_history=False)
                # What a system could not deliver cannot be compared: here a failed load is no mere warning.
                failed = [*outcome.failures, *outcome.failed_loads.values()]
        if failed:
            reason = f"the run failed: {'; '.join(failed)}"
            return [ScenarioResult(s.scenario, s.title, [reason]) for s in group.scenarios]
        observed = read_observed(Path(data_dir) / "warehouse.duckdb", fact_index(world))
    return compare(group.scenarios, observed)


def fact_index(world: World) -> dict[tuple[str, str, str], str]:
    """(subject type, system, record id there) -> fact id, for everything that a finding can be about."""
    index: dict[tuple[str, str, str], str] = {}
    for subject, (domains, kinds) in _SUBJECTS.items():
        for domain in domains.split():
            for kind in kinds if domain in world.systems else ():
                for fact_id in _ids(world.facts, kind):
                    reference = world.record_id(domain, kind, fact_id)  # type: ignore[arg-type]
                    if reference is not None:
                        index[subject, world.systems[domain], reference] = fact_id
    # Where a system has no record of a project or a person, it writes a code or an address.
    for system in world.vendors:
        known = world.known_to(system)
        index |= {("project", system, project.code): project.id for project in known.projects}
        index |= {("person", system, person.email.lower()): person.id for person in known.resources}
    return index


def _ids(facts: Any, kind: str) -> Iterable[str]:
    if kind in ("supplier_invoice_lines", "invoice_lines"):
        parents = facts.supplier_invoices if kind == "supplier_invoice_lines" else facts.invoices
        return [line.id for parent in parents for line in parent.lines]
    if kind == "milestones":
        return [i for m in facts.milestones for i in ([f"{m.id}/{c}" for c in m.shares] if m.shares else [m.id])]
    return [fact.id for fact in getattr(facts, kind)]


def read_observed(warehouse: Path, index: Mapping[tuple[str, str, str], str]) -> list[Observed]:
    """The register and the ledger of a warehouse, about facts instead of vendor records.

    A finding whose record belongs to no fact keeps ``subject_type system:record`` as its fact id.
    """
    import duckdb

    from orchestration.register import rows

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        findings = rows(
            connection,
            "select subject_type as subject, subject_system as system, subject_source_id as source_id,"
            " detector_id as detector, category, verdict, reason, causes, amount, currency, exposed_amount,"
            " carry_cost_amount as carry_cost, identity_confidence as confidence,"
            " is_estimate, true as is_finding from marts.leakage__findings",
        )
        claims = rows(
            connection,
            "select item_type as subject, source_system as system, source_id, null as detector, category, verdict,"
            " reason, causes, amount, currency, null as exposed_amount, null as carry_cost, false as is_finding"
            " from ledger.ledger__item_claims",
        )
        items = rows(
            connection,
            "select item_type as subject, source_system as system, source_id, null as detector, category, verdict,"
            " reason, null as causes, entitled_amount as amount, currency, null as exposed_amount, null as carry_cost,"
            " false as is_finding from ledger.ledger__items",
        )
        unmatched = rows(
            connection,
            "select entity_type as subject, source_system as system, source_id, 'unmatched' as verdict, reason,"
            " amount, currency, false as is_finding from marts.operations__unmatched_identities",
        )
    observed = []
    for row in [*findings, *claims, *items, *unmatched]:
        key = (row.pop("subject"), row.pop("system"), str(row.pop("source_id")))
        causes = tuple(c for c in (row.pop("causes", None) or "").split(";") if c)
        observed.append(Observed(index.get(key, f"{key[0]} {key[1]}:{key[2]}"), cause=causes, **row))
    return observed


def compare(scenarios: Sequence[Scenario], observed: Sequence[Observed]) -> list[ScenarioResult]:
    """Every difference between what the scenarios expect and what was observed.

    A finding about no scenario's fact is a difference of all of them: it must not pass unseen.
    """
    results = []
    strangers = [o for o in observed if o.is_finding and _must_be_expected(o) and ":" not in o.fact_id.split(" ")[0]]
    for scenario in scenarios:
        prefix = f"{scenario.scenario}:"
        own = [o for o in observed if o.fact_id.startswith(prefix)]
        result = ScenarioResult(scenario.scenario, scenario.title, _differences(scenario, own))
        result.differences += [f"unexpected finding about no fact of any scenario: {o.fact_id}: {o}" for o in strangers]
        results.append(result)
    return results


def _must_be_expected(observed: Observed) -> bool:
    """An estimate may be there or not: it is no money that anybody counts."""
    return observed.verdict in _MUST_BE_EXPECTED and not observed.is_estimate


def _differences(scenario: Scenario, own: list[Observed]) -> list[str]:
    differences: list[str] = []
    used: set[int] = set()
    for expected in scenario.expect:
        about = [o for o in own if o.fact_id == scenario.fact_id(expected.item)]
        best = _best(expected, about, used)
        if best is None:
            seen = "; ".join(dict.fromkeys(map(str, about))) or "nothing"
            differences.append(f"missing: {expected.item}: expected {_expected(expected)}; found {seen}")
            continue
        used.add(id(best))
        for name in _COMPARED:
            if name in expected.model_fields_set and not _same(getattr(expected, name), getattr(best, name)):
                wanted, got = _text(getattr(expected, name)), _text(getattr(best, name))
                differences.append(f"{expected.item}: {name}: expected {wanted}, found {got} ({best})")
    for extra in own:
        if extra.is_finding and _must_be_expected(extra) and id(extra) not in used:
            differences.append(f"unexpected: {extra.fact_id.replace(scenario.scenario + ':', '')}: {extra}")
    return differences


def _best(expected: Expectation, about: list[Observed], used: set[int]) -> Observed | None:
    """The observation that agrees most: the same category and detector if given, findings before ledger rows."""
    if expected.verdict in _MUST_BE_EXPECTED:
        about = [o for o in about if o.is_finding]
    named = [
        o
        for o in about
        if id(o) not in used
        and (expected.category is None or o.category == expected.category)
        and (expected.detector is None or not o.is_finding or o.detector == expected.detector)
    ]
    if expected.category is None and expected.detector is None:
        named = [o for o in named if o.verdict == expected.verdict]

    def agreement(o: Observed) -> tuple[int, bool]:
        return sum(
            _same(getattr(expected, n), getattr(o, n)) for n in expected.model_fields_set - {"item"}
        ), o.is_finding

    return max(named, key=agreement, default=None)


def _same(expected: Any, found: Any) -> bool:
    if isinstance(found, tuple):
        return not found if expected is None else expected in found
    return bool(expected == found)


def _expected(expected: Expectation) -> str:
    given = expected.model_dump(include=expected.model_fields_set - {"item"})
    return ", ".join(f"{name} {_text(value)}" for name, value in given.items())


def _text(value: Any) -> str:
    from decimal import Decimal

    from orchestration.register import money

    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
