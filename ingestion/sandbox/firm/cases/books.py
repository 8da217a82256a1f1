"""What the books say of contracts: revenue, positions, work in progress, plans and expected losses."""

from __future__ import annotations

from decimal import Decimal

from ingestion.sandbox.facts import ContractBalance, WipPosting
from ingestion.sandbox.firm.basics import add_business_days, at, month_end
from ingestion.sandbox.firm.billing import bill_alone
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.costs import agree_milestone
from ingestion.sandbox.firm.model import Engagement, RevenueError


def recognition(case: Case) -> None:
    """One engagement per rule: too little, too much, a month late, and all that was billed."""
    this, before = month_end(case.month), month_end(case.earlier)
    low = case.engagement("P")
    low.revrec, low.revenue_error = "as_invoiced", RevenueError("R01", this, D("0.25"))
    late = case.engagement("R")
    late.revrec, late.revenue_error = "as_invoiced", RevenueError("R03", before)
    for _ in range(4):
        case.work(low, 8)
        case.work(late, 8, month=case.earlier)
    for tag, rule, billed in (("Q", "R02", 40000), ("S", "R04", 36000)):
        e = case.engagement(tag, "USD", "fixed_progress", amount=D(100000), estimate_at_completion=D(80000))
        e.costs = {this: D(20000)}
        e.revrec, e.revenue_error = "cost_to_cost", RevenueError(rule, this, D("0.2"))  # type: ignore[arg-type]
        agree_milestone(case.book, e, "Progress claim 1", D(billed), case.nth(6), case.nth(6))


def _balance(case: Case, e: Engagement, **positions: Decimal) -> None:
    """What the books show for the contract at the end of the month."""
    end = month_end(case.month)
    case.book.add(
        "contract_balances",
        ContractBalance,
        at(end, 22),
        id=f"CB-{e.key}-{end:%y%m}",
        contract=e.contract,
        period=f"{end:%Y-%m}",
        currency=e.currency,
        **positions,
    )


def positions(case: Case) -> None:
    """25,000 recognised and 40,000 billed: a liability of 10,000 is 5,000 too low, one of 15,000 is right."""
    end = month_end(case.month)
    for tag, liability in (("BA", 10000), ("BB", 15000)):
        e = case.engagement(
            tag,
            "USD",
            "fixed_progress",
            revrec="cost_to_cost",
            amount=D(100000),
            estimate_at_completion=D(80000),
        )
        e.costs = {end: D(20000)}
        agree_milestone(case.book, e, "Advance", D(40000), case.nth(6), case.nth(6))
        _balance(case, e, contract_liability=D(liability))
        if tag == "BA":
            case.plant("R05", e.contract, "engagement", "compliance", end, exposed=D(5000))
        else:
            case.look_alike(e.contract, "position_in_order")


def work_in_progress(case: Case) -> None:
    """Work in progress that is reversed when it is invoiced: by three quarters, and in full."""
    booked, billed = month_end(case.earlier), case.nth(3)
    for tag, person, reversed_ in (("BC", case.people[4], 1500), ("BD", case.people[5], 2000)):
        e = case.engagement(tag)
        item = case.work(e, 10, case.nth(12, case.earlier), person=person)
        bill_alone(case.book, e, item, billed)
        for n, (day, amount) in enumerate(((booked, 2000), (billed, -reversed_)), 1):
            case.book.add(
                "wip_postings",
                WipPosting,
                at(day, 20),
                id=f"WIP-{e.key}-{n}",
                contract_line=e.line,
                amount=D(amount),
                currency=e.currency,
                posted_on=day,
                item=item.id,
            )
        if reversed_ < 2000:
            case.plant("R06", e.line, "contract_line", "compliance", billed, exposed=D(500))
        else:
            case.look_alike(e.line, "wip_reversed")


def plans(case: Case) -> None:
    """No schedule, a plan that misses the price, and change orders that the plan does not and does follow."""
    unplanned = _planned(case, "BE", D(60000), None)
    unplanned.has_schedule = False
    case.plant("R07", unplanned.line, "contract_line", "compliance", unplanned.starts_on, exposed=D(60000))
    short = _planned(case, "BF", D(60000), D(50000))
    case.plant("R07", short.line, "contract_line", "compliance", short.starts_on, exposed=D(10000))
    for tag, planned in (("BG", 12000), ("BH", 15000)):
        e = _planned(case, tag, D(12000), D(planned))
        approved = add_business_days(case.earlier, 8)
        case.change_order(e, case.nth(4, case.earlier), 3000, approved=approved)
        if planned == 12000:
            case.plant("R08", e.line, "contract_line", "compliance", case.month, exposed=D(3000))
        else:
            case.look_alike(e.line, "plan_follows_change")


def _planned(case: Case, tag: str, amount: Decimal, planned: Decimal | None) -> Engagement:
    """A fixed price without any milestone yet: nothing is earned and nothing recognised."""
    e = case.engagement(tag, "USD", "fixed_milestone", revrec="milestone_output", amount=amount)
    e.planned_amount = planned
    return e


def expected_loss(case: Case) -> None:
    """A price of 50,000 that will cost 62,000: 4,000 are provided for, or all of the loss."""
    for tag, provided in (("BI", 4000), ("BJ", 12000)):
        e = case.engagement(
            tag,
            "USD",
            "fixed_milestone",
            revrec="milestone_output",
            amount=D(50000),
            estimate_at_completion=D(62000),
        )
        _balance(case, e, loss_provision=D(provided))
        if provided < 12000:
            case.plant("R09", e.contract, "engagement", "compliance", month_end(case.month), exposed=D(8000))
        else:
            case.look_alike(e.contract, "loss_provided_for")
