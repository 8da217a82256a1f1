"""Projects and records that do not fit together across the systems."""

from __future__ import annotations

from datetime import timedelta

from ingestion.sandbox.facts import Assignment, SyncEvent
from ingestion.sandbox.firm.basics import add_business_days, at
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.work import PRESALES


def merged_project(case: Case) -> None:
    e = case.engagement("M", rate=150)
    created = at(add_business_days(e.starts_on, -5), 10)
    old = case.project(e, "OLD", created, f"Delivery {e.key} (old code)")
    project = case.book.records["projects"][-1]
    project.changes.append((at(case.nth(15), 10), {"merged_into": e.project, "status": "closed"}))
    case.work(e, 8, case.nth(5), project=old, trap="merged_project")
    case.work(e, 4, case.nth(6), project=old, trap="merged_project")
    case.work(e, 8)


def set_up_late(case: Case) -> None:
    """Won, started, and without a project for two weeks: its staff logs its hours on a pre-sales project meanwhile."""
    e = case.engagement("SA", starts_on=case.nth(4), rate=150)
    e.won_on, e.set_up_days = case.nth(1), 13
    case.book.add(
        "assignments",
        Assignment,
        at(case.nth(14), 16),
        id=f"A-{case.parked}-{e.key}",
        project=e.project,
        resource=case.parked,
        starts_on=case.nth(4),
        ends_on=case.nth(20),
        is_hard=False,
    )
    for n in (5, 8, 11):
        item = case.work(e, 8, case.nth(n), person=case.parked, project=PRESALES, is_billable=False, is_parked=True)
        item.is_entitled, item.value, item.treatment = True, D(1200), "never"
    case.work(e, 8, case.nth(16), person=case.parked)


def second_project(case: Case) -> None:
    """A second project for the same contract line; a phase of the first is none."""
    e = case.engagement("SB")
    second = case.project(e, "B", at(case.nth(2), 10), f"Delivery {e.key} (second)")
    phase = case.project(e, "PH", at(case.nth(2), 11), f"Delivery {e.key} (phase 2)", parent=e.project)
    case.work(e, 8)
    case.work(e, 6, project=second, treatment="never")
    case.work(e, 5, project=phase)
    case.plant("L27", second, "project", "control_gap", case.nth(2), exposed=D(1200))
    case.look_alike(phase, "project_phase")


def value_drift(case: Case) -> None:
    """The ledger was told another contract value; a rounded one is near enough."""
    for tag, known in (("SC", 50000), ("SD", 60200)):
        e = case.engagement(tag)
        e.known_as = {"erp": {"amount": D(known)}}
        if tag == "SC":
            case.plant("L20", e.line, "contract_line", "control_gap", e.starts_on, exposed=D(10000))
        else:
            case.look_alike(e.line, "rounded_value")


def failed_transfer(case: Case) -> None:
    """An approved entry that never reached the ledger, and one that did at the second try."""
    e = case.engagement("SE")
    lost = case.work(e, 8, case.nth(9), person=case.people[4], treatment="never")
    healed = case.work(e, 8, case.nth(9), person=case.people[5], trap="healed_transfer")
    for item in (lost, healed):
        assert item.approved_at is not None
        attempts = [
            (item.approved_at + timedelta(hours=2), "failed", "missing_reference" if item is lost else "timeout")
        ]
        if item is healed:
            attempts.append((item.approved_at + timedelta(hours=9), "succeeded", ""))
        for n, (moment, status, error) in enumerate(attempts, 1):
            case.book.add(
                "sync_events",
                SyncEvent,
                moment,
                id=f"SE-{item.id}-{n}",
                record_type="time_entry",
                record=item.id,
                from_domain="psa",
                to_domain="erp",
                attempt=n,
                status=status,
                error=error or None,
                is_transient=error == "timeout",
                occurred_at=moment,
            )
    assert lost.approved_on is not None
    since = lost.approved_on + timedelta(days=2)
    case.plant("L38", lost.id, "time_entry", "control_gap", since, exposed=D(1600))
