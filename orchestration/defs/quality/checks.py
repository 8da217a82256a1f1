"""Asset checks: the raw boundary of each system, the control totals from raw to the ledger, and how fresh the feeds are.

A critical failure has severity error and holds back what is published; a warning is shown and holds back nothing. What
is late is a warning: the other systems' data is built and published without it, and the marts say what is missing.
The validation results stay as files under ``<data_dir>/validation/<run id>/``.
"""

from collections.abc import Collection, Iterator, Mapping

import dagster as dg

from expectations.engine import Suite, validate
from expectations.feeds import feeds_suite
from expectations.raw import object_suite, quarantine_suite, types_suite
from expectations.reconciliation import control_suites
from expectations.report import Report, keep_evidence
from expectations.rules import ObjectRules, rules_for
from ingestion.config import Settings, settings
from ingestion.http.errors import SourceError
from ingestion.registry import SystemSpec
from orchestration.lib.names import FEED, QUARANTINE, WAREHOUSE_POOL, raw_key

LEDGER = dg.AssetKey(["ledger", "ledger__items"])
FEED_HEALTH = dg.AssetKey(["marts", "operations__feed_health"])
FEEDS_ARE_FRESH = dg.AssetCheckKey(FEED_HEALTH, "feeds_are_fresh")


def quality(chosen: Mapping[str, str]) -> dg.Definitions:
    """The checks of what is built; ``chosen`` maps a domain to the system that serves it."""
    checks = [freshness_check()]
    if controls := control_suites(chosen, None):
        checks.append(reconciliation_checks(chosen, controls))
    return dg.Definitions(asset_checks=checks)


def boundary_specs(system: SystemSpec) -> list[dg.AssetCheckSpec]:
    """What must hold of everything that one system sent: one check per raw object and two on the load as a whole.

    They run in the step that loads, see ``load_assets``.
    """
    return [
        dg.AssetCheckSpec(key.name, asset=key.asset_key, blocking=True, description=_BOUNDARY[key.name])
        for key in _boundary_suites(system, ())
    ]


def boundary_results(
    system: SystemSpec, run_id: str, selected: Collection[dg.AssetCheckKey], may_be_empty: Collection[str]
) -> Iterator[dg.AssetCheckResult]:
    """What the ``selected`` ones of those checks find in raw; the objects that ``may_be_empty`` need not have rows."""
    if selected:
        suites = _boundary_suites(system, may_be_empty)
        yield from run_suites(settings(), run_id, {key: suite for key, suite in suites.items() if key in selected})


_BOUNDARY = {
    "boundary": "Volume, keys, required values, ranges and currencies of what the vendor sent.",
    "declared_types": "Every declared column has its declared, exact type.",
    "quarantined_share": "Rows quarantined by the latest load: any warns, more than 1 % of those received fails.",
}


def _boundary_suites(system: SystemSpec, may_be_empty: Collection[str]) -> dict[dg.AssetCheckKey, Suite]:
    rules = rules_for(system.name)
    found = {
        dg.AssetCheckKey(raw_key(system.name, name), "boundary"): object_suite(
            system.name, obj, rules.get(name, ObjectRules()), must_have_rows=name not in may_be_empty
        )
        for name, obj in system.objects.items()
    }
    types = dg.AssetCheckKey(raw_key(system.name, FEED), "declared_types")
    found[types] = types_suite(system.name, system.objects)
    found[dg.AssetCheckKey(raw_key(system.name, QUARANTINE), "quarantined_share")] = quarantine_suite(system.name)
    return found


def reconciliation_checks(chosen: Mapping[str, str], controls: Mapping[str, Suite]) -> dg.AssetChecksDefinition:
    """One check on the ledger per control total."""

    @dg.multi_asset_check(
        name="reconcile",
        specs=[
            dg.AssetCheckSpec(f"reconciles_{name}", asset=LEDGER, blocking=True, description=suite.description)
            for name, suite in controls.items()
        ],
        can_subset=True,
        pool=WAREHOUSE_POOL,
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        conf = settings()
        suites = {
            dg.AssetCheckKey(LEDGER, f"reconciles_{name}"): suite
            for name, suite in control_suites(chosen, conf.known_at).items()
        }
        selected = {k: s for k, s in suites.items() if k in context.selected_asset_check_keys}
        yield from run_suites(conf, context.run.run_id, selected)

    return check


def freshness_check() -> dg.AssetChecksDefinition:
    """Whether the feeds reach far enough, asked of the mart that says so."""
    suite = feeds_suite()

    @dg.asset_check(asset=FEED_HEALTH, name=FEEDS_ARE_FRESH.name, description=suite.description, pool=WAREHOUSE_POOL)
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        (result,) = run_suites(settings(), context.run.run_id, {FEEDS_ARE_FRESH: suite})
        return result

    return check


def run_suites(conf: Settings, run_id: str, suites: Mapping[dg.AssetCheckKey, Suite]) -> Iterator[dg.AssetCheckResult]:
    """Validate, keep the evidence, and say per check what was found."""
    try:
        reports = validate(conf.warehouse_path, list(suites.values()))
    except SourceError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    folder = keep_evidence(conf.data_dir, run_id, reports)
    for key, report in zip(suites, reports, strict=True):
        yield check_result(key, report, str(folder / f"{report.suite}.json"))


def check_result(key: dg.AssetCheckKey, report: Report, evidence: str) -> dg.AssetCheckResult:
    """One report as Dagster shows it: its failures in sentences, and where the evidence lies."""
    severity = dg.AssetCheckSeverity.ERROR if report.is_critical else dg.AssetCheckSeverity.WARN
    metadata: dict[str, dg.MetadataValue] = {
        "expectations": dg.MetadataValue.int(len(report.outcomes)),
        "evidence": dg.MetadataValue.path(evidence),
    }
    if report.failures:
        metadata["failures"] = dg.MetadataValue.md("\n".join(f"- {sentence}" for sentence in report.failures))
    return dg.AssetCheckResult(
        passed=report.passed,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=severity,
        description="; ".join(report.failures)[:1000] or None,
        metadata=metadata,
    )
