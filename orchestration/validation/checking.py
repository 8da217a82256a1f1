"""What is looked at before a record is booked: one check each, in the ledger's own words."""

from __future__ import annotations

from datetime import date

from orchestration.validation.answers import Check, FeedState, Money, Outcome, ValidationAnswer, Verdict
from orchestration.validation.identity import (
    AmbiguousError,
    Entity,
    UnknownError,
    basis,
    feeds,
    identify,
    not_fresh,
    stale_detail,
    stale_reason,
)
from orchestration.validation.snapshot import Reader, Row
from orchestration.validation.supposing import NEW, Supposition

# What of an item the ledger does not judge for the want of a price; everything else it wants a contract for.
_PRICE_REASONS = ("missing_rate", "rate_card_overlap", "missing_amount", "missing_fx_rate")
# What the ledger writes where neither policy nor contract ends the time to bill it, or that is known only once it is approved.
_NO_DEADLINE = date(9999, 12, 31)
# An item that is not billable for one of these should not be booked as it is.
_WRONG_BOOKING = ("change_order_rejected", "change_order_expired", "entered_twice", "rejected", "resubmitted")


class Checks:
    """The checks of one question, the feeds that they needed and the records that they stand on."""

    def __init__(self, reader: Reader, *entities: str) -> None:
        self._reader = reader
        self.feeds: list[FeedState] = feeds(reader, *entities)
        self.checks: list[Check] = []
        self.records: list[tuple[str, str | None]] = []

    def add(self, check: str, outcome: Outcome, reason: str | None, detail: str) -> None:
        """Note what was found."""
        self.checks.append(Check(check=check, outcome=outcome, reason=reason, detail=detail))

    def known(self, entity: Entity, name: str | None) -> str | None:
        """Our id of what is named, noted as a check of its own; None when it is not known, or nothing was named."""
        if name is None:
            return None
        label = entity.replace("_", " ")
        try:
            found = identify(self._reader, entity, name)
        except UnknownError as error:
            if error.blind:
                self.add(entity, "cannot_be_judged", stale_reason(error.blind), stale_detail(error.blind))
            else:
                self.add(entity, "failed", f"unknown_{entity}", f"{error}.")
            return None
        except AmbiguousError as error:
            self.add(entity, "cannot_be_judged", f"ambiguous_{entity}", f"{error}.")
            return None
        self.records.append((entity, found))
        self.add(entity, "ok", None, f"The {label} is known.")
        return found

    @property
    def all_ok(self) -> bool:
        return all(check.outcome == "ok" for check in self.checks)

    def answer(self, valid_on: date, value: Money | None = None, hourly_rate: Money | None = None) -> ValidationAnswer:
        """The worst outcome decides: one failure refuses; what cannot be judged, or is known from old data, is never ok."""
        if late := not_fresh(self.feeds):
            self.add("feeds", "cannot_be_judged", stale_reason(late), stale_detail(late))
        outcomes = {check.outcome for check in self.checks}
        verdict: Verdict = "ok"
        if "failed" in outcomes:
            verdict = "refused"
        elif "cannot_be_judged" in outcomes:
            verdict = "cannot_be_judged"
        return ValidationAnswer(
            verdict=verdict,
            checks=self.checks,
            value=value if verdict == "ok" else None,
            hourly_rate=hourly_rate,
            basis=basis(self._reader, valid_on, self.feeds, self.records),
        )


def project_open(checks: Checks, project: Row) -> None:
    """The project that stands for it takes work."""
    checks.records.append(("project", project["effective_project_id"]))
    if project["is_open"] is None:
        checks.add("project_open", "cannot_be_judged", "unknown_status", "The project's status is not known.")
    elif project["is_open"]:
        checks.add("project_open", "ok", None, "The project is open.")
    else:
        state = project["standing_state"]
        checks.add("project_open", "failed", f"project_{state}", f"The project is {state}.")


def employed(checks: Checks, reader: Reader, resource_id: str, day: date) -> None:
    """The person was hired and has not left."""
    person = reader.row(
        "select hire_date, termination_date from canonical.resource where resource_id = $id", {"id": resource_id}
    )
    if person is None:
        checks.add("employed", "cannot_be_judged", "unknown_person", "Nothing but references to the person is known.")
        return
    hired, left = person["hire_date"], person["termination_date"]
    if left is not None and left < day:
        checks.add("employed", "failed", "person_left", f"The person left on {left}.")
    elif hired is not None and hired > day:
        checks.add("employed", "failed", "person_not_hired", f"The person joins on {hired}.")
    else:
        checks.add("employed", "ok", None, "The person works for the firm on this day, as far as it is known.")


def assigned(checks: Checks, reader: Reader, project_id: str, resource_id: str, day: date) -> None:
    """The person is assigned to the project, or to one that was merged into it."""
    found = reader.rows(
        """
        select
          assignment.assignment_id,
          assignment.resource_id = $person as is_own,
          coalesce(assignment.start_date <= $day, true) and coalesce(assignment.end_date >= $day, true) as is_on
        from canonical.assignment as assignment
        inner join canonical.project as own on assignment.project_id = own.project_id
        inner join canonical.project as asked on own.effective_project_id = asked.effective_project_id
        where asked.project_id = $project and not assignment.is_deleted
        order by assignment.assignment_id
        """,
        {"project": project_id, "person": resource_id, "day": day},
    )
    valid = [row["assignment_id"] for row in found if row["is_own"] and row["is_on"]]
    if valid:
        checks.records += [("assignment", valid[0])]
        checks.add("assignment", "ok", None, "The person is assigned to the project on this day.")
    elif not found:
        checks.add("assignment", "cannot_be_judged", "no_assignments", "Nobody is assigned to this project at all.")
    else:
        checks.add("assignment", "failed", "not_assigned", "Others are assigned to the project, not this person today.")


def entitled(checks: Checks, item: Row, is_billable: bool) -> None:
    """Whether it is billed, and if not, whether it should be booked at all."""
    reason = item["not_entitled_reason"]
    if reason in _WRONG_BOOKING:
        checks.add("billable", "failed", reason, f"It cannot be billed: {words(reason)}.")
    elif reason is None:
        checks.add("billable", "ok", None, "It is billable.")
    elif is_billable and reason == "non_billable":
        checks.add("billable", "warning", reason, "It is booked as billable and the project or contract does not bill.")
    else:
        checks.add("billable", "ok", reason, f"It is not billed on its own: {words(reason)}.")


def rebillable(checks: Checks, item: Row, is_billable: bool) -> None:
    """Whether the contract rebills it."""
    reason = item["not_entitled_reason"]
    if reason is None:
        checks.add("expense_policy", "ok", None, "The contract rebills it.")
    elif is_billable:
        checks.add("expense_policy", "failed", reason, f"It is booked as billable and is not: {words(reason)}.")
    else:
        checks.add("expense_policy", "ok", reason, f"It is not rebilled: {words(reason)}.")


def judged(checks: Checks, item: Row, why: str) -> None:
    """Whether contract and price say what it is worth; of no matter for what is not billable by its nature."""
    reason = item["not_judged_reason"]
    if item["not_entitled_reason"] is not None:
        return
    if reason in _PRICE_REASONS:
        checks.add("rate", "cannot_be_judged", reason, f"Its value is not known: {words(reason)}.")
    elif reason is not None:
        checks.add("contract", "cannot_be_judged", reason, f"No contract says what it is worth: {words(reason)}.")
    else:
        checks.add("rate", "ok", None, why)


def change_order(checks: Checks, item: Row) -> None:
    """The change order that it is worked for is approved."""
    if item["change_order_status"] in ("draft", "pending"):
        detail = "The change order that it is worked for is not approved."
        checks.add("change_order_approved", "warning", f"change_order_{item['change_order_status']}", detail)


def cap(checks: Checks, reader: Reader, supposed: Supposition, item: Row) -> None:
    """What is left of the contract line's cap with it; nothing to say where there is none."""
    cap = reader.row(
        "select cap_amount, committed_amount, over_cap_amount, is_cap_unsure, currency"
        f" from {supposed.relation('ledger.ledger__caps')} where item_id = '{NEW}'"
    )
    if cap is None:
        return
    used, limit = Money.of(cap["committed_amount"], cap["currency"]), Money.of(cap["cap_amount"], cap["currency"])
    detail = f"With it {used.amount if used else '?'} of {limit.amount if limit else '?'} {cap['currency']} are used."
    if cap["is_cap_unsure"]:
        detail = "A change order in another currency may have raised the cap."
        checks.add("cap", "cannot_be_judged", "change_order_currency_differs", detail)
    elif cap["over_cap_amount"] > 0:
        checks.add("cap", "failed", "over_cap", detail)
    # The comparison of the detector of caps that are nearly reached (L31).
    elif cap["committed_amount"] * 100 >= cap["cap_amount"] * item["cap_warning"]:
        checks.add("cap", "warning", "cap_warning", detail)
    else:
        checks.add("cap", "ok", None, detail)


def in_time(checks: Checks, item: Row, valid_on: date) -> None:
    """Whether the policies and the contract leave time to bill it."""
    deadline = item["billing_deadline"]
    if item["not_entitled_reason"] is not None or deadline == _NO_DEADLINE:
        return
    if deadline is not None and deadline < valid_on:
        checks.add("in_time", "failed", "billing_deadline", f"It could be billed until {deadline} only.")
    elif "lookback_cliff" in (item["causes"] or "").split(";"):
        detail = f"The billing run does not offer what is older than {item['lookback_limit']:.0f} days."
        checks.add("in_time", "warning", "lookback_cliff", detail)
    elif deadline is not None:
        checks.add("in_time", "ok", None, f"It can be billed until {deadline}.")


def contract(checks: Checks, line: Row, customer_id: str | None) -> None:
    """The contract line stands and is the customer's."""
    if line["is_deleted"]:
        checks.add("contract", "failed", "contract_line_deleted", "The contract line was deleted.")
    elif customer_id is not None and line["customer_id"] is None:
        checks.add("contract", "cannot_be_judged", "no_customer", "Nothing says whose contract line it is.")
    elif customer_id is not None and line["customer_id"] != customer_id:
        checks.add("contract", "failed", "customer_differs", "The contract line is another customer's.")
    else:
        checks.add("contract", "ok", None, "The contract line is the customer's.")


def words(reason: str) -> str:
    """A code as people read it."""
    return reason.replace("_", " ")
