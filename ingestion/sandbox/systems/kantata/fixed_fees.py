"""Fixed fees in Kantata OX: milestones with what is billed for them, and reports of progress, each on a task."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from ingestion.sandbox.facts import Milestone, ProgressReport
from ingestion.sandbox.systems.kantata.values import subunits, vendor_id, whole

if TYPE_CHECKING:
    from ingestion.sandbox.systems.kantata.records import Records


def fixed_fees(records: Records) -> None:
    """Adds the milestones and the reports of progress to the tables of ``records``.

    What names no project is on the first project of its contract line.
    """
    projects_of_line: dict[str, list[str]] = defaultdict(list)
    for candidate in sorted(records.projects.values(), key=lambda p: p.id):
        projects_of_line[candidate.contract_line or ""].append(candidate.id)
    for milestone in records.alive("milestones"):
        project = milestone.project or next(iter(projects_of_line[milestone.contract_line]), None)
        _milestone(records, milestone, project)
    for report in records.alive("progress_reports"):
        project = report.project or next(iter(projects_of_line[report.contract_line]), None)
        _progress_report(records, report, project)


def _milestone(records: Records, milestone: Milestone, project: str | None) -> None:
    """One task, and one billing milestone or one per customer who pays a share."""
    links, story_id, times = records.links, vendor_id("milestone_stories", milestone.id), records.times(milestone)
    title = milestone.name or milestone.id
    story = {
        "title": title,
        "story_type": "milestone",
        "state": "completed" if milestone.accepted_on else "not started",
        "due_date": milestone.due_on,
        "billable": True,
    }
    records.story(story_id, project, story, times)
    links.day("accepted_on", "Story", story_id, milestone.accepted_on, times)
    links.day("deemed_on", "Story", story_id, milestone.deemed_on, times)
    currency = records.currency_of(records.projects.get(project or ""), milestone.contract_line)
    total = subunits(milestone.amount, currency) or 0
    for fact_id, customer, amount in _shares(milestone, total):
        columns = {
            "title": title,
            "amount_in_cents": amount,
            "currency": currency,
            "billing_type": "upon_completion",
            "date_to_invoice": None,
            "workspace_id": vendor_id("projects", project) if project else None,
            "story_id": story_id,
            "invoice_id": None,
        }
        record_id = vendor_id("milestones", fact_id)
        records.tables["billing_milestones"].append(records.record(record_id, columns, milestone))
        links.crm("contract_line", "BillingMilestone", record_id, milestone.contract_line, times)
        links.crm("customer", "BillingMilestone", record_id, customer, times)


def _shares(milestone: Milestone, total: int) -> list[tuple[str, str | None, int]]:
    """(fact id, customer, subunits) of each billing milestone; the last share takes what rounding leaves of ``total``."""
    if not milestone.shares:
        return [(milestone.id, None, total)]
    amounts = [whole(total * percent / 100) for percent in milestone.shares.values()]
    if sum(milestone.shares.values()) == 100:
        amounts[-1] += total - sum(amounts)
    return [(f"{milestone.id}/{c}", c, a) for c, a in zip(milestone.shares, amounts, strict=True)]


def _progress_report(records: Records, report: ProgressReport, project: str | None) -> None:
    """A deliverable whose completion is what was reported; a task completes in whole percent only."""
    links, story_id, times = records.links, vendor_id("progress_reports", report.id), records.times(report)
    percent = whole(report.completed_pct)
    story = {
        "title": f"Progress {report.reported_on.isoformat()}",
        "story_type": "deliverable",
        "state": "completed" if report.accepted_on else "started",
        "due_date": None,
        "billable": True,
        "percentage_complete": percent,
    }
    records.story(story_id, project, story, times)
    links.day("progress_reported_on", "Story", story_id, report.reported_on, times)
    links.day("accepted_on", "Story", story_id, report.accepted_on, times)
    if Decimal(percent) != report.completed_pct:
        links.text("exact_percent", "Story", story_id, str(report.completed_pct), times)
    links.crm("contract_line", "Story", story_id, report.contract_line, times)
