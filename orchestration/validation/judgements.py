"""What the ledger would say of a record that is about to be booked: time, an expense, a project."""

from __future__ import annotations

from datetime import date

from orchestration.validation import checking
from orchestration.validation.answers import Money, ValidationAnswer
from orchestration.validation.checking import Checks
from orchestration.validation.lookups import project_row
from orchestration.validation.questions import ExpenseQuestion, ProjectQuestion, TimeEntryQuestion
from orchestration.validation.rates import entry, new_entries, only, rate_answer
from orchestration.validation.snapshot import Reader, Row
from orchestration.validation.supposing import (
    EXPENSE_RULES,
    EXPENSES_OF_LINE,
    NEW,
    PROJECT_RULES,
    TIME_OF_LINE,
    TIME_RULES,
    Supposition,
    with_new,
)


def time_entry(reader: Reader, question: TimeEntryQuestion) -> ValidationAnswer:
    """Whether the entry can be booked, at which rate, and what it is worth."""
    day, valid_on = question.work_date, max(question.work_date, reader.register.as_of)
    checks = Checks(reader, "project", "person", "contract_line")
    project_id = checks.known("project", question.project_id)
    resource_id = checks.known("person", question.person)
    change_order_id = checks.known("change_order", question.change_order_id)
    if project_id is None or resource_id is None or not checks.all_ok:
        return checks.answer(valid_on)
    checking.project_open(checks, project_row(reader, project_id))
    checking.employed(checks, reader, resource_id, day)
    checking.assigned(checks, reader, project_id, resource_id, day)
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
    checking.entitled(checks, item, question.is_billable)
    checking.judged(checks, item, rate.why)
    checking.change_order(checks, item)
    checking.cap(checks, reader, supposed, item)
    checking.in_time(checks, item, valid_on)
    return checks.answer(valid_on, _value(item), rate.hourly_rate)


def expense(reader: Reader, question: ExpenseQuestion) -> ValidationAnswer:
    """Whether the expense can be booked as it is, and what is rebilled of it."""
    day, valid_on = question.expense_date, max(question.expense_date, reader.register.as_of)
    checks = Checks(reader, "project", "contract_line", "expense_item")
    project_id = checks.known("project", question.project_id)
    resource_id = checks.known("person", question.person)
    if project_id is None or not checks.all_ok:
        return checks.answer(valid_on)
    project = project_row(reader, project_id)
    checking.project_open(checks, project)
    if resource_id is not None:
        checking.employed(checks, reader, resource_id, day)
    supposed = _supposed_expense(reader, question, project, resource_id, valid_on)
    item = _item(reader, supposed)
    checks.records.append(("contract_line", item["contract_line_id"]))
    checking.rebillable(checks, item, question.is_billable)
    checking.judged(checks, item, "The contract says what is rebilled, and rates to its currency are known.")
    checking.cap(checks, reader, supposed, item)
    checking.in_time(checks, item, valid_on)
    return checks.answer(valid_on, _value(item))


def project(reader: Reader, question: ProjectQuestion) -> ValidationAnswer:
    """Whether the project can be created: its customer and contract line are known, and it repeats no project."""
    valid_on = reader.register.as_of
    checks = Checks(reader, "customer", "project", "contract_line")
    customer_id = checks.known("customer", question.customer_id)
    line_id = checks.known("contract_line", question.contract_line_id)
    parent_id = checks.known("project", question.parent_project_id)
    if customer_id is None or not checks.all_ok:
        return checks.answer(valid_on)
    line = reader.row("select * from canonical.contract_line where contract_line_id = $id", {"id": line_id})
    if line is not None:
        checking.contract(checks, line, customer_id)
        customer_id = line["customer_id"]
    if question.start_date and question.end_date and question.end_date < question.start_date:
        checks.add("dates", "failed", "ends_before_it_starts", "The project ends before it starts.")
    _duplicate(checks, reader, question, customer_id, line_id, parent_id)
    return checks.answer(valid_on)


def _supposed_time(reader: Reader, parameters: Row, valid_on: date) -> Supposition:
    """The ledger of the contract line that pays for the entry, with the entry in it."""
    supposed = Supposition(reader, valid_on)
    supposed.suppose({"canonical.time_entry": only(new_entries())}, parameters)
    supposed.apply(TIME_RULES[:1])
    # Work of a late engagement is logged on internal projects: the ledger says which contract line pays for it.
    work = reader.row(f"select contract_line_id from {supposed.relation(TIME_RULES[0])}")
    parameters = {**parameters, "line": work["contract_line_id"] if work else None}
    supposed.suppose(with_new(TIME_OF_LINE, "canonical.time_entry", new_entries()), parameters)
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
    """The ledger of the contract line that pays for the expense, with the expense in it."""
    supposed = Supposition(reader, valid_on)
    supposed.suppose(
        with_new(EXPENSES_OF_LINE, "canonical.expense_item", _NEW_EXPENSE),
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


# What of the open item is told or checked; what nobody asks for is not computed.
_ITEM = (
    "contract_line_id",
    "currency",
    "entitled_amount",
    "over_cap_amount",
    "not_entitled_reason",
    "not_judged_reason",
    "change_order_status",
    "billing_deadline",
    "causes",
)


def _item(reader: Reader, supposed: Supposition) -> Row:
    """The supposed record as the ledger's open item."""
    found = reader.row(
        f"select {', '.join(f'item.{column}' for column in _ITEM)}, policies.lookback_limit, policies.cap_warning"
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
    detail = f"Project {found['name'] or found['original_project_id']} is for the same work: {checking.words(found['reason'])}."
    checks.add("duplicate", "failed", found["reason"], detail)
