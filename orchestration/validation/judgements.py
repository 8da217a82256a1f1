"""What the ledger would say of a record that is about to be booked: time, an expense, a project."""

from __future__ import annotations

from collections.abc import Iterable
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
from orchestration.validation.lookups import project_row
from orchestration.validation.questions import ExpenseQuestion, ProjectQuestion, TimeEntryQuestion
from orchestration.validation.rates import NEW_ENTRY, entry, rate_answer
from orchestration.validation.snapshot import Reader, Row
from orchestration.validation.supposing import EXPENSE_RULES, NEW, PROJECT_RULES, TIME_RULES, Supposition

# What of an item the ledger does not judge for the want of a price; everything else it wants a contract for.
_PRICE_REASONS = ("missing_rate", "rate_card_overlap", "missing_amount", "missing_fx_rate")
# What the ledger writes where neither policy nor contract ends the time to bill it, or that is known only once it is approved.
_NO_DEADLINE = date(9999, 12, 31)
# An item that is not billable for one of these should not be booked as it is.
_WRONG_BOOKING = ("change_order_rejected", "entered_twice", "rejected", "resubmitted")


class Checks:
    """The checks of one question, the feeds that they needed and the records that they stand on."""

    def __init__(self, reader: Reader, domains: Iterable[str]) -> None:
        self._reader = reader
        self.feeds: list[FeedState] = feeds(reader, domains)
        self.checks: list[Check] = []
        self.records: list[tuple[str, str | None]] = []

    def add(self, check: str, outcome: Outcome, reason: str | None, detail: str) -> None:
        """Note what was found; nothing passes on data that is not up to date, a failure stands."""
        if outcome in ("ok", "warning") and (late := not_fresh(self.feeds)):
            outcome, reason, detail = "cannot_be_judged", stale_reason(late), stale_detail(late)
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

    def answer(self, valid_on: date, value: Money | None = None, hourly_rate: Money | None = None) -> ValidationAnswer:
        """The worst outcome decides: one failure refuses, and what could not be judged is never ok."""
        outcomes = {check.outcome for check in self.checks}
        verdict: Verdict = "ok"
        if "failed" in outcomes:
            verdict = "refused"
        elif "cannot_be_judged" in outcomes or not outcomes:
            verdict = "cannot_be_judged"
        return ValidationAnswer(
            verdict=verdict,
            checks=self.checks,
            value=value if verdict == "ok" else None,
            hourly_rate=hourly_rate,
            basis=basis(self._reader, valid_on, self.feeds, self.records),
        )


def time_entry(reader: Reader, question: TimeEntryQuestion) -> ValidationAnswer:
    """Whether the entry can be booked, at which rate, and what it is worth."""
    day, valid_on = question.work_date, max(question.work_date, reader.register.as_of)
    checks = Checks(reader, ("psa", "crm", "hr"))
    project_id = checks.known("project", question.project_id)
    resource_id = checks.known("person", question.person)
    change_order_id = checks.known("change_order", question.change_order_id)
    named = 2 + (question.change_order_id is not None)
    if project_id is None or resource_id is None or len(checks.records) < named:
        return checks.answer(valid_on)
    _project_open(checks, project_row(reader, project_id))
    _employed(checks, reader, resource_id, day)
    _assigned(checks, reader, project_id, resource_id, day)
    parameters = entry(
        day,
        project_id=project_id,
        resource_id=resource_id,
        role=question.role,
        hours=question.hours,
        is_billable=question.is_billable,
        change_order_id=change_order_id,
    )
    supposed = _supposed_time(reader, parameters, valid_on)
    rate = rate_answer(reader, supposed, valid_on)
    checks.records += [(record.type, record.id) for record in rate.basis.records]
    item = _item(reader, supposed)
    _entitled(checks, item, question.is_billable)
    _judged(checks, item, rate.why)
    _change_order(checks, item)
    _cap(checks, reader, supposed, item)
    _in_time(checks, item, valid_on)
    return checks.answer(valid_on, _value(item), rate.hourly_rate)


def expense(reader: Reader, question: ExpenseQuestion) -> ValidationAnswer:
    """Whether the expense can be booked as it is, and what is rebilled of it."""
    day, valid_on = question.expense_date, max(question.expense_date, reader.register.as_of)
    checks = Checks(reader, ("psa", "crm", "expense"))
    project_id = checks.known("project", question.project_id)
    resource_id = checks.known("person", question.person)
    if project_id is None or (question.person is not None and resource_id is None):
        return checks.answer(valid_on)
    project = project_row(reader, project_id)
    _project_open(checks, project)
    if resource_id is not None:
        _employed(checks, reader, resource_id, day)
    supposed = _supposed_expense(reader, question, project, resource_id, valid_on)
    item = _item(reader, supposed)
    checks.records.append(("contract_line", item["contract_line_id"]))
    _rebillable(checks, item, question.is_billable)
    _judged(checks, item, "The contract says what is rebilled, and rates to its currency are known.")
    _cap(checks, reader, supposed, item)
    _in_time(checks, item, valid_on)
    return checks.answer(valid_on, _value(item))


def project(reader: Reader, question: ProjectQuestion) -> ValidationAnswer:
    """Whether the project can be created: its customer and contract line are known, and it repeats no project."""
    valid_on = reader.register.as_of
    checks = Checks(reader, ("psa", "crm"))
    customer_id = checks.known("customer", question.customer_id)
    line_id = checks.known("contract_line", question.contract_line_id)
    parent_id = checks.known("project", question.parent_project_id)
    line = reader.row("select * from canonical.contract_line where contract_line_id = $id", {"id": line_id})
    if line is not None:
        _contract(checks, line, customer_id)
    if question.start_date and question.end_date and question.end_date < question.start_date:
        checks.add("dates", "failed", "ends_before_it_starts", "The project ends before it starts.")
    if customer_id is None or (question.contract_line_id is not None and line is None):
        return checks.answer(valid_on)
    _duplicate(checks, reader, question, line["customer_id"] if line else customer_id, line_id, parent_id)
    return checks.answer(valid_on)


def _supposed_time(reader: Reader, parameters: Row, valid_on: date) -> Supposition:
    """The ledger of the contract line that pays for the entry, with the entry in it."""
    supposed = Supposition(reader, valid_on)
    alone = f"select * from canonical.time_entry where false union all by name {NEW_ENTRY}"
    supposed.suppose({"canonical.time_entry": alone}, parameters)
    supposed.apply(TIME_RULES[:1])
    # Work of a late engagement is logged on internal projects: the ledger says which contract line pays for it.
    work = reader.row(f"select contract_line_id from {supposed.relation(TIME_RULES[0])}")
    parameters = {**parameters, "line": work["contract_line_id"] if work else None}
    supposed.suppose(
        {
            # The cap counts what the line has paid for; the same work entered twice is the person's of that day.
            "canonical.time_entry": f"""
              select entry.* from canonical.time_entry as entry
              where entry.time_entry_id in (select time_entry_id from ledger.ledger__work where contract_line_id = $line)
                or (entry.resource_id = $resource_id and entry.work_date = cast($work_date as date))
              union all by name {NEW_ENTRY}
            """,
            "canonical.supplier_cost": "select * from canonical.supplier_cost where contract_line_id = $line",
            "canonical.expense_item": "select * from canonical.expense_item where false",
            "ledger.ledger__fee_items": "select * from ledger.ledger__fee_items where false",
        },
        parameters,
    )
    supposed.apply(TIME_RULES)
    return supposed


_NEW_EXPENSE = f"""
select
  '{NEW}' as expense_item_id,
  project.project_id,
  project.contract_line_id,
  project.engagement_id,
  project.customer_id,
  $resource_id as resource_id,
  $category as category,
  cast($expense_date as date) as expense_date,
  cast($amount as decimal(18, 4)) as amount,
  cast($recoverable_tax_amount as decimal(18, 4)) as recoverable_tax_amount,
  $currency as currency,
  $is_billable as is_billable,
  'submitted' as status,
  cast(cast($expense_date as date) as timestamp) as submitted_at,
  false as is_deleted
from canonical.project as project
where project.project_id = $project_id
"""


def _supposed_expense(
    reader: Reader, question: ExpenseQuestion, project: Row, resource_id: str | None, valid_on: date
) -> Supposition:
    supposed = Supposition(reader, valid_on)
    supposed.suppose(
        {
            "canonical.expense_item": "select * from canonical.expense_item where contract_line_id = $line"
            f" union all by name {_NEW_EXPENSE}",
            "canonical.time_entry": "select * from canonical.time_entry where false",
            "canonical.supplier_cost": "select * from canonical.supplier_cost where false",
            "ledger.ledger__fee_items": "select * from ledger.ledger__fee_items where false",
        },
        {
            "line": project["contract_line_id"],
            "project_id": project["project_id"],
            "resource_id": resource_id,
            "category": question.category,
            "expense_date": question.expense_date.isoformat(),
            "amount": question.amount,
            "recoverable_tax_amount": question.recoverable_tax_amount,
            "currency": question.currency,
            "is_billable": question.is_billable,
        },
    )
    supposed.apply(EXPENSE_RULES)
    return supposed


def _item(reader: Reader, supposed: Supposition) -> Row:
    """The supposed record as the ledger's open item."""
    found = reader.row(
        f"select item.*, policies.lookback_limit, policies.cap_warning"
        f" from {supposed.relation('ledger.ledger__open_items')} as item"
        " left join ledger.ledger__contract_line_policies as policies"
        " on item.contract_line_id = policies.contract_line_id"
        f" where item.item_id = '{NEW}'"
    )
    if found is None:
        raise AssertionError("the rules of the ledger gave no item for the supposed record")
    return found


def _value(item: Row) -> Money | None:
    """What the item adds to an invoice: nothing where it is not billable, or lies above the cap."""
    if item["not_entitled_reason"] or item["not_judged_reason"] or item["entitled_amount"] is None:
        return None
    return Money.of(item["entitled_amount"] - item["over_cap_amount"], item["currency"])


def _project_open(checks: Checks, project: Row) -> None:
    checks.records.append(("project", project["effective_project_id"]))
    if project["is_open"] is None or project["standing_status"] not in ("active", "closed"):
        checks.add("project_open", "cannot_be_judged", "unknown_status", "The project's status is not known.")
    elif project["is_open"]:
        checks.add("project_open", "ok", None, "The project is open.")
    else:
        checks.add("project_open", "failed", "project_closed", "The project is closed.")


def _employed(checks: Checks, reader: Reader, resource_id: str, day: date) -> None:
    person = reader.row(
        "select hire_date, termination_date from canonical.resource where resource_id = $id", {"id": resource_id}
    )
    if person is None:
        return
    hired, left = person["hire_date"], person["termination_date"]
    if left is not None and left < day:
        checks.add("employed", "failed", "person_left", f"The person left on {left}.")
    elif hired is not None and hired > day:
        checks.add("employed", "failed", "person_not_hired", f"The person joins on {hired}.")
    else:
        checks.add("employed", "ok", None, "The person works for the firm on this day, as far as it is known.")


def _assigned(checks: Checks, reader: Reader, project_id: str, resource_id: str, day: date) -> None:
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


def _entitled(checks: Checks, item: Row, is_billable: bool) -> None:
    reason = item["not_entitled_reason"]
    if reason in _WRONG_BOOKING:
        checks.add("billable", "failed", reason, f"It cannot be billed: {_words(reason)}.")
    elif reason is None:
        checks.add("billable", "ok", None, "It is billable.")
    elif is_billable and reason == "non_billable":
        checks.add("billable", "warning", reason, "It is booked as billable and the project or contract does not bill.")
    else:
        checks.add("billable", "ok", reason, f"It is not billed on its own: {_words(reason)}.")


def _rebillable(checks: Checks, item: Row, is_billable: bool) -> None:
    reason = item["not_entitled_reason"]
    if reason is None:
        checks.add("expense_policy", "ok", None, "The contract rebills it.")
    elif is_billable:
        checks.add("expense_policy", "failed", reason, f"It is booked as billable and is not: {_words(reason)}.")
    else:
        checks.add("expense_policy", "ok", reason, f"It is not rebilled: {_words(reason)}.")


def _judged(checks: Checks, item: Row, why: str) -> None:
    """Whether contract and price say what it is worth; of no matter for what is not billable by its nature."""
    reason = item["not_judged_reason"]
    if item["not_entitled_reason"] is not None:
        return
    if reason in _PRICE_REASONS:
        checks.add("rate", "cannot_be_judged", reason, f"Its value is not known: {_words(reason)}.")
    elif reason is not None:
        checks.add("contract", "cannot_be_judged", reason, f"No contract says what it is worth: {_words(reason)}.")
    else:
        checks.add("rate", "ok", None, why)


def _change_order(checks: Checks, item: Row) -> None:
    if item["change_order_status"] in ("draft", "pending"):
        detail = "The change order that it is worked for is not approved."
        checks.add("change_order_approved", "warning", f"change_order_{item['change_order_status']}", detail)


def _cap(checks: Checks, reader: Reader, supposed: Supposition, item: Row) -> None:
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


def _in_time(checks: Checks, item: Row, valid_on: date) -> None:
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


def _contract(checks: Checks, line: Row, customer_id: str | None) -> None:
    if line["is_deleted"]:
        checks.add("contract", "failed", "contract_line_deleted", "The contract line was deleted.")
    elif customer_id is not None and line["customer_id"] is None:
        checks.add("contract", "cannot_be_judged", "no_customer", "Nothing says whose contract line it is.")
    elif customer_id is not None and line["customer_id"] != customer_id:
        checks.add("contract", "failed", "customer_differs", "The contract line is another customer's.")
    else:
        checks.add("contract", "ok", None, "The contract line is the customer's.")


_NEW_PROJECT = f"""
select
  '{NEW}' as project_id, '{NEW}' as effective_project_id, $name as name, $project_type as project_type,
  'active' as status, $line as contract_line_id, $engagement as engagement_id, $customer as customer_id,
  $parent as parent_project_id, cast($start as date) as start_date, cast($end as date) as end_date,
  false as is_deleted
"""


def _duplicate(
    checks: Checks,
    reader: Reader,
    question: ProjectQuestion,
    customer_id: str | None,
    line_id: str | None,
    parent_id: str | None,
) -> None:
    supposed = Supposition(reader, reader.register.as_of)
    supposed.suppose(
        {"canonical.project": f"select * from canonical.project union all by name {_NEW_PROJECT}"},
        {
            "name": question.name,
            "project_type": question.project_type,
            "line": line_id,
            "engagement": None,
            "customer": customer_id,
            "parent": parent_id,
            "start": question.start_date.isoformat() if question.start_date else None,
            "end": question.end_date.isoformat() if question.end_date else None,
        },
    )
    supposed.apply(PROJECT_RULES)
    found = reader.row(
        "select pair.original_project_id, pair.reason, original.name"
        f" from {supposed.relation(PROJECT_RULES[0])} as pair"
        " left join canonical.project as original on pair.original_project_id = original.project_id"
        f" where pair.project_id = '{NEW}'"
    )
    if found is None:
        checks.add("duplicate", "ok", None, "No active project is for the same work.")
        return
    checks.records.append(("project", found["original_project_id"]))
    detail = f"Project {found['name'] or found['original_project_id']} is for the same work: {_words(found['reason'])}."
    checks.add("duplicate", "failed", found["reason"], detail)


def _words(reason: str) -> str:
    return reason.replace("_", " ")
