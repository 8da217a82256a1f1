"""What a scenario file need not say: the facts and fields that follow from those it gives.

``DEFAULTS`` documents each rule for the JSON Schema; ``complete`` applies them. All work is on plain dictionaries,
before the facts are validated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ingestion.sandbox.scenario_names import PREFIXES, REFERENCES, SCOPES, holders

STANDARD_RATE = "200"
CENT = Decimal("0.01")
_ONLY = "default: the only one of the file; created when the file lists none"

# model -> {field: what is filled in}. Every field named here is optional in a scenario file.
DEFAULTS: dict[str, dict[str, str]] = {
    "Customer": {"currency": "default: the currency of its contract"},
    "Opportunity": {"customer": _ONLY},
    "Contract": {
        "customer": _ONLY,
        "legal_entity": _ONLY,
        "currency": "default: the currency given on one of its lines, else on its customer, else USD",
    },
    "ContractLine": {"contract": _ONLY, "billing_calendar": f"{_ONLY}, monthly with its cut-off on the last day"},
    "RateCard": {
        "scope_id": "default: the only contract line, contract or customer of the file",
        "currency": "default: the currency of its scope",
        "lines": "a rate without role and resource counts for every role that the file's people have",
    },
    "ChangeOrder": {"contract": _ONLY, "currency": "default: the contract's currency"},
    "Retainer": {"contract_line": _ONLY, "currency": "default: the contract line's currency"},
    "Resource": {"legal_entity": _ONLY},
    "Leave": {"resource": _ONLY},
    "Project": {
        "contract_line": f"{_ONLY}; none for projects that are not billable",
        "customer": "default: the customer of its contract line",
    },
    "Assignment": {"project": _ONLY, "resource": _ONLY},
    "TimeEntry": {
        "project": _ONLY,
        "resource": _ONLY,
        "submitted_at": "default: 18:00 UTC of work_date, unless the entry is a draft",
        "approved_at": "default for approved entries: noon UTC of the next business day, no later than as_of",
    },
    "Expense": {
        "project": f"{_ONLY}; null = on no project",
        "resource": _ONLY,
        "currency": "default: the currency of its project's contract line",
        "submitted_at": "default: 18:00 UTC of spent_on, unless it is a draft",
        "approved_at": "default for approved expenses: noon UTC of the next business day, no later than as_of",
    },
    "PurchaseOrder": {"supplier": _ONLY, "project": _ONLY, "currency": "default: the currency of its project"},
    "SupplierInvoice": {
        "supplier": _ONLY,
        "currency": "default: the currency of its first line's project",
        "approved_at": "default when approved: noon UTC of the next business day after invoice_date",
    },
    "SupplierInvoiceLine": {"id": "default: <document>-<n>", "project": _ONLY},
    "Milestone": {"contract_line": _ONLY, "project": "default: the project of its contract line"},
    "ProgressReport": {"contract_line": _ONLY, "project": "default: the project of its contract line"},
    "Invoice": {
        "customer": "default: the customer of its lines' contract line, or of the share that it bills",
        "legal_entity": "default: the legal entity of its lines' contract",
        "currency": "default: the currency of its lines' contract line",
    },
    "InvoiceLine": {
        "contract_line": "default: the contract line of the items it bills, else the only one of the file",
        "project": "default: the project of the items it bills",
        "resource": "default: the person of the time entries it bills",
        "quantity": "default: the billable hours of the time entries it bills, else 1; negative on credit memos",
        "amount": "default: quantity x unit_price; one of amount and unit_price must be given",
        "service_from": "default: the first date of the items it bills",
        "service_to": "default: the last date of the items it bills",
        "items": "ids, or records; several time entries without own amounts share the line by hours x unit_price",
    },
    "Payment": {"invoice": _ONLY, "currency": "default: the invoice's currency"},
    "Dispute": {"invoice": _ONLY, "currency": "default: the invoice's currency"},
    "WriteOff": {"invoice": _ONLY, "currency": "default: the invoice's currency"},
    "ContractBalance": {"contract": _ONLY, "currency": "default: the contract's currency"},
    "WipPosting": {"contract_line": _ONLY, "currency": "default: the contract line's currency"},
    "RevenueSchedule": {
        "contract_line": _ONLY,
        "currency": "default: the contract line's currency",
        "posted_on": "default: the last day of the period, no later than as_of",
    },
    "ProjectCost": {"project": _ONLY, "currency": "default: the currency of its project's contract line"},
    "Facts": {
        "rate_cards": f"omitted: each contract line has a card of {STANDARD_RATE} per hour for every role; "
        "a list, even an empty one, is taken as it is"
    },
}


class FieldProblem(ValueError):
    """Something in a scenario file cannot be used; ``field`` says where."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


Record = dict[str, Any]


def complete(facts: dict[str, list[Record]], as_of: date) -> None:
    """Fill in what the file does not say, in place; raises FieldProblem for a reference that cannot be resolved."""
    speaks_of_rates = "rate_cards" in facts
    completion = _Completion(facts, as_of)
    completion.run()
    if not speaks_of_rates:
        completion.add_standard_cards()


def next_business_day(day: date) -> date:
    """The first weekday after ``day``."""
    day += timedelta(days=1)
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


class _Completion:
    """One file's facts being completed. A kind that the file lists is complete: an unlisted id in it is an error."""

    def __init__(self, facts: dict[str, list[Record]], as_of: date) -> None:
        self.facts, self.as_of = facts, as_of
        self.listed = {kind for kind, records in facts.items() if records}
        self.done: set[int] = set()
        for kind, prefix in PREFIXES.items():
            for n, record in enumerate(facts.setdefault(kind, []), 1):
                if not isinstance(record.setdefault("id", f"{prefix}{n}"), str):
                    raise FieldProblem(f"facts.{kind}[{n - 1}].id", f'write the id as text: "{record["id"]}"')

    def run(self) -> None:
        for kind in self._rules():
            for record in list(self.facts[kind]):
                self._finish(kind, record)
        for kind, paths in REFERENCES.items():
            for n, record in enumerate(self.facts[kind]):
                for path, target in paths.items():
                    for holder, field, where in holders(record, path):
                        if holder.get(field) is not None:
                            self.named(target, holder[field], f"facts.{kind}[{n}].{where}")

    def add_standard_cards(self) -> None:
        """One card per contract line, for files that do not speak of rates."""
        for n, line in enumerate(self.facts["contract_lines"], 1):
            card = {"id": f"RC{n}", "scope_id": line["id"], "lines": [{"rate": STANDARD_RATE}]}
            self.facts["rate_cards"].append(card)
            self._finish("rate_cards", card)

    # -- references ------------------------------------------------------------------------------------------------

    def _rules(self) -> dict[str, Callable[[Record, str], None]]:
        return {
            "time_entries": self._time_entry, "expenses": self._expense, "assignments": self._assignment,
            "leaves": self._leave,
            "supplier_invoices": self._supplier_invoice, "purchase_orders": self._purchase_order,
            "milestones": self._milestone, "progress_reports": self._milestone, "retainers": self._on_line,
            "wip_postings": self._on_line, "disputes": self._payment, "write_offs": self._payment,
            "contract_balances": self._change_order, "sync_events": self._nothing, "project_costs": self._project_cost,
            "revenue_schedules": self._revenue_schedule, "change_orders": self._change_order,
            "opportunities": self._opportunity, "projects": self._project, "contract_lines": self._contract_line,
            "contracts": self._contract, "customers": self._nothing, "resources": self._resource,
            "legal_entities": self._nothing, "suppliers": self._nothing, "billing_calendars": self._nothing,
            "rate_cards": self._rate_card, "invoices": self._invoice, "payments": self._payment,
            "org_units": self._nothing, "work_calendars": self._nothing,
        }  # fmt: skip

    def _finish(self, kind: str, record: Record) -> Record:
        if id(record) not in self.done:
            self.done.add(id(record))
            where = next((f"[{n}]" for n, r in enumerate(self.facts[kind]) if r is record), "")
            self._rules()[kind](record, f"facts.{kind}{where}")
        return record

    def _refer(self, record: Record, field: str, kind: str, at: str) -> Record | None:
        """The fact that ``field`` refers to, found or created; None when the file says null."""
        if field not in record:
            record[field] = self.only(kind, f"{at}.{field}")
        if record[field] is None:
            return None
        return self.named(kind, record[field], f"{at}.{field}")

    def only(self, kind: str, at: str) -> str:
        records = self.facts[kind]
        if len({r["id"] for r in records}) > 1:
            raise FieldProblem(at, f"say which one of {', '.join(str(r['id']) for r in records)}")
        fact_id: str = records[0]["id"] if records else self._create(kind, f"{PREFIXES[kind]}1")["id"]
        return fact_id

    def named(self, kind: str, fact_id: Any, at: str) -> Record:
        found = next((r for r in self.facts[kind] if r["id"] == fact_id), None)
        if found is not None:
            return self._finish(kind, found)
        if kind in self.listed or not isinstance(fact_id, str) or kind in ("invoices", "rate_cards", "purchase_orders"):
            known = ", ".join(str(r["id"]) for r in self.facts[kind]) or "none"
            raise FieldProblem(at, f"{fact_id!r} is not among the {kind} of this file ({known})")
        return self._create(kind, fact_id)

    def _create(self, kind: str, fact_id: str) -> Record:
        record: Record = {"id": fact_id}
        self.facts[kind].append(record)
        return self._finish(kind, record)

    # -- one rule per kind -----------------------------------------------------------------------------------------

    def _nothing(self, record: Record, at: str) -> None:
        pass

    def _time_entry(self, record: Record, at: str) -> None:
        self._refer(record, "project", "projects", at)
        self._refer(record, "resource", "resources", at)
        self._sign_off(record, record.get("work_date"))

    def _expense(self, record: Record, at: str) -> None:
        project = self._refer(record, "project", "projects", at)
        self._refer(record, "resource", "resources", at)
        record.setdefault("currency", self._project_currency(project))
        self._sign_off(record, record.get("spent_on"))

    def _assignment(self, record: Record, at: str) -> None:
        self._refer(record, "project", "projects", at)
        self._refer(record, "resource", "resources", at)

    def _leave(self, record: Record, at: str) -> None:
        self._refer(record, "resource", "resources", at)

    def _supplier_invoice(self, record: Record, at: str) -> None:
        self._refer(record, "supplier", "suppliers", at)
        for n, line in enumerate(record.setdefault("lines", []), 1):
            line.setdefault("id", f"{record['id']}-{n}")
            project = self._refer(line, "project", "projects", f"{at}.lines[{n - 1}]")
            record.setdefault("currency", self._project_currency(project))
        day = _as_date(record.get("invoice_date"))
        if record.get("status", "approved") == "approved" and day is not None:
            record.setdefault("approved_at", self._noon_after(day))

    def _purchase_order(self, record: Record, at: str) -> None:
        self._refer(record, "supplier", "suppliers", at)
        record.setdefault("currency", self._project_currency(self._refer(record, "project", "projects", at)))

    def _milestone(self, record: Record, at: str) -> None:
        line = self._refer(record, "contract_line", "contract_lines", at)
        if "project" not in record and line is not None:
            here = [p for p in self.facts["projects"] if self._finish("projects", p).get("contract_line") == line["id"]]
            record["project"] = here[0]["id"] if here else self.only("projects", f"{at}.project")
        for customer in record.get("shares") or {}:
            self.named("customers", customer, f"{at}.shares")

    def _project_cost(self, record: Record, at: str) -> None:
        record.setdefault("currency", self._project_currency(self._refer(record, "project", "projects", at)))

    def _revenue_schedule(self, record: Record, at: str) -> None:
        line = self._refer(record, "contract_line", "contract_lines", at)
        record.setdefault("currency", self._line_currency(line))
        month = _as_date(f"{record.get('period')}-01")
        if month is not None:
            last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            record.setdefault("posted_on", min(last, self.as_of))

    def _on_line(self, record: Record, at: str) -> None:
        line = self._refer(record, "contract_line", "contract_lines", at)
        record.setdefault("currency", self._line_currency(line))

    def _change_order(self, record: Record, at: str) -> None:
        contract = self._refer(record, "contract", "contracts", at)
        record.setdefault("currency", (contract or {}).get("currency", "USD"))

    def _opportunity(self, record: Record, at: str) -> None:
        self._refer(record, "customer", "customers", at)

    def _project(self, record: Record, at: str) -> None:
        if record.get("kind", "billable") == "billable":
            line = self._refer(record, "contract_line", "contract_lines", at)
            if line is not None:
                record.setdefault("customer", self._contract_of(line).get("customer"))

    def _contract_line(self, record: Record, at: str) -> None:
        self._refer(record, "contract", "contracts", at)
        self._refer(record, "billing_calendar", "billing_calendars", at)

    def _contract(self, record: Record, at: str) -> None:
        customer = self._refer(record, "customer", "customers", at)
        self._refer(record, "legal_entity", "legal_entities", at)
        alone = len(self.facts["contracts"]) == 1
        lines = [r for r in self.facts["contract_lines"] if r.get("contract") == record["id"] or alone]
        given = [line["currency"] for line in lines if line.get("currency")]
        record.setdefault("currency", given[0] if given else (customer or {}).get("currency", "USD"))
        if customer is not None:
            customer.setdefault("currency", record["currency"])

    def _resource(self, record: Record, at: str) -> None:
        self._refer(record, "legal_entity", "legal_entities", at)

    def _rate_card(self, record: Record, at: str) -> None:
        scope = SCOPES.get(record.setdefault("scope", "contract_line"))
        if scope is not None:
            owner = self._refer(record, "scope_id", scope, at)
            currency = self._line_currency(owner) if scope == "contract_lines" else (owner or {}).get("currency")
            record.setdefault("currency", currency or "USD")
        people = self.facts["resources"] or [{}]
        worked_as = [r["role"] for r in self.facts["time_entries"] if r.get("role")]
        roles = sorted({*(p.get("role") or "Consultant" for p in people), *worked_as})
        lines: list[Record] = []
        for line in record.get("lines") or []:
            for_all = line.get("role") is None and line.get("resource") is None
            lines += [{**line, "role": role} for role in roles] if for_all else [line]
        for n, line in enumerate(lines, 1):
            line["id"] = f"{record['id']}-{n}"
        record["lines"] = lines

    def _invoice(self, record: Record, at: str) -> None:
        sign = -1 if record.get("kind") == "credit_memo" else 1
        contracts: list[Record] = []
        payers: set[str] = set()
        for n, line in enumerate(record.setdefault("lines", [])):
            where = f"{at}.lines[{n}]"
            _Billing(self, line, where, sign).fill()
            if line.get("contract_line") is not None:
                contract_line = self.named("contract_lines", line["contract_line"], f"{where}.contract_line")
                record.setdefault("currency", self._line_currency(contract_line))
                contracts.append(self._contract_of(contract_line))
            payers |= {i["customer"] for i in line["items"] if i.get("customer")}
        if "customer" not in record:
            payers = payers or {c["customer"] for c in contracts if c.get("customer")}
            record["customer"] = payers.pop() if len(payers) == 1 else self.only("customers", f"{at}.customer")
        self.named("customers", record["customer"], f"{at}.customer")
        if contracts:
            record.setdefault("legal_entity", contracts[0].get("legal_entity"))
        self._refer(record, "legal_entity", "legal_entities", at)

    def _payment(self, record: Record, at: str) -> None:
        invoice = self._refer(record, "invoice", "invoices", at)
        record.setdefault("currency", (invoice or {}).get("currency", "USD"))

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _contract_of(self, line: Record) -> Record:
        return (
            self.named("contracts", line["contract"], "facts.contract_lines.contract") if line.get("contract") else {}
        )

    def _line_currency(self, line: Record | None) -> str:
        currency: str = (line or {}).get("currency") or self._contract_of(line or {}).get("currency") or "USD"
        return currency

    def _project_currency(self, project: Record | None) -> str:
        line = (project or {}).get("contract_line")
        return self._line_currency(self.named("contract_lines", line, "facts.projects.contract_line") if line else None)

    def _noon_after(self, day: date) -> datetime:
        approved = datetime.combine(next_business_day(day), time(12), UTC)
        return min(approved, datetime.combine(self.as_of, time(22), UTC))

    def _sign_off(self, record: Record, day: Any) -> None:
        """Submission and approval times that go with the status."""
        status, worked = record.setdefault("status", "approved"), _as_date(day)
        if worked is None or status == "draft":
            return
        record.setdefault("submitted_at", datetime.combine(worked, time(18), UTC))
        if status == "approved":
            record.setdefault("approved_at", self._noon_after(worked))


class _Billing:
    """One invoice line and the items that it bills."""

    def __init__(self, firm: _Completion, line: Record, at: str, sign: int) -> None:
        self.firm, self.line, self.at, self.sign = firm, line, at, sign
        self.line["items"] = [self._item(raw) for raw in line.get("items") or []]
        self.times = [r for r in (self._find("time_entries", i["item"]) for i in line["items"]) if r is not None]

    def fill(self) -> None:
        line, items = self.line, self.line["items"]
        if line.get("amount") is None and line.get("unit_price") is None:
            raise FieldProblem(self.at, "give the line an amount or a unit_price")
        self._origin()
        if items and len(self.times) == len(items):
            self._hours()
        quantity = self._number(line.setdefault("quantity", self.sign), "quantity")
        if line.get("unit_price") is None and quantity:
            line["unit_price"] = str((self._number(line["amount"], "amount") / quantity).quantize(Decimal("0.000001")))

    def _item(self, raw: Any) -> Record:
        item: Record = {"item": raw} if isinstance(raw, str) else dict(raw)
        milestone, _, customer = str(item.get("item")).partition("/")
        if customer:
            item |= {"item": milestone, "customer": customer}
        return item

    def _find(self, kind: str, fact_id: Any) -> Record | None:
        return next((r for r in self.firm.facts[kind] if r["id"] == fact_id), None)

    def _origin(self) -> None:
        """Contract line, project, person and dates of the items, where they agree."""
        lines, projects, days = set(), set(), []
        for n, item in enumerate(self.line["items"]):
            project, line, day = self._item_origin(item, f"{self.at}.items[{n}]")
            projects.add(project)
            lines.add(line or ((self._find("projects", project) or {}).get("contract_line")))
            days += [d for d in (_as_date(day),) if d is not None]
        if len(lines) == 1:
            self.line.setdefault("contract_line", lines.pop())
        elif not self.line["items"] and "contract_line" not in self.line:
            self.line["contract_line"] = self.firm.only("contract_lines", f"{self.at}.contract_line")
        if len(projects) == 1:
            self.line.setdefault("project", projects.pop())
        people = {r["resource"] for r in self.times}
        if len(people) == 1 and len(self.times) == len(self.line["items"]):
            self.line.setdefault("resource", people.pop())
        if days:
            self.line.setdefault("service_from", min(days))
            self.line.setdefault("service_to", max(days))

    def _item_origin(self, item: Record, at: str) -> tuple[str | None, str | None, Any]:
        fact_id = item["item"]
        for kind, day in (
            ("time_entries", "work_date"), ("expenses", "spent_on"), ("milestones", "accepted_on"),
            ("progress_reports", "accepted_on"),
        ):  # fmt: skip
            record = self._find(kind, fact_id)
            if record is not None:
                return record.get("project"), record.get("contract_line"), record.get(day)
        for document in self.firm.facts["supplier_invoices"]:
            for line in document["lines"]:
                if line["id"] == fact_id:
                    return line.get("project"), None, document.get("invoice_date")
        raise FieldProblem(
            at,
            f"{fact_id!r} is not a time entry, expense, supplier invoice line, milestone or progress report of this file",
        )

    def _hours(self) -> None:
        """Quantity in hours, and each entry's part of the amount."""
        line, items = self.line, self.line["items"]
        hours = [self._number(r.get("billable_hours", r.get("hours")), "hours") for r in self.times]
        line.setdefault("quantity", str(self.sign * sum(hours)))
        if len(items) == 1 or any(i.get("amount") is not None for i in items):
            return
        if line.get("unit_price") is None:
            line["unit_price"] = str(self._number(line["amount"], "amount") / (self.sign * sum(hours)))
        price = self._number(line["unit_price"], "unit_price")
        for item, worked in zip(items, hours, strict=True):
            item["quantity"] = str(self.sign * worked)
            item["amount"] = str((self.sign * worked * price).quantize(CENT))
        if line.get("amount") is not None:
            rest = self._number(line["amount"], "amount") - sum(Decimal(i["amount"]) for i in items)
            items[-1]["amount"] = str(Decimal(items[-1]["amount"]) + rest)

    def _number(self, value: Any, field: str) -> Decimal:
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise FieldProblem(f"{self.at}.{field}", f"{value!r} is not a number") from None


def _as_date(value: Any) -> date | None:
    """A date as YAML or quoted text gives it; None for anything else, which validation reports."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
