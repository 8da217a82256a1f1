"""The ids that the stand-in gives to facts in both services, and which company a record belongs to."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from ingestion.sandbox.facts import BilledItem, Facts, Invoice
from ingestion.sandbox.world import stable_number

DEFAULT_COMPANY = "dat"
RATE_TYPES = {"spot": "Default", "month_avg": "Average"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=400_000)
def guid(kind: str, *parts: str) -> str:
    """Dataverse's id of a record, the same in every run."""
    halves = (stable_number("dynamics365", half, kind, *parts, bits=64) for half in ("high", "low"))
    high, low = halves
    return str(uuid.UUID(int=(high << 64) | low, version=4))


@lru_cache(maxsize=100_000)
def number(kind: str, *parts: str) -> int:
    """Nine digits for Finance's own keys, the same in every run."""
    return stable_number("dynamics365", kind, *parts, bits=40) % 1_000_000_000


def line_number(line: str) -> int:
    """A line's number within its document; it stays when other lines go."""
    return stable_number("dynamics365", "line", line, bits=31)


def company(legal_entity: str) -> str:
    """``dataAreaId`` of a legal entity: four letters, as users see it in lower case."""
    rest = stable_number("dynamics365", "company", legal_entity)
    code = ""
    for _ in range(4):
        rest, letter = divmod(rest, len(_LETTERS))
        code += _LETTERS[letter]
    return code


def account_number(customer: str) -> str:
    return f"C{number('customers', customer):09}"


class Ids:
    """Look-ups into one state of the facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def external(self, kind: str, fact_id: str) -> str:
        """The source id of a fact of ``kind``, as the mapping model of its entity outputs it."""
        composed: dict[str, Callable[[str], str]] = {
            "legal_entities": company,
            "customers": lambda i: f"{self.first_company}-{account_number(i)}",
            "invoices": lambda i: self.invoice_source_id(self.invoices[i]) if i in self.invoices else guid(kind, i),
            "invoice_lines": self._line_source_id,
            "payments": self._payment_source_id,
            "fx_rates": lambda i: self._rate_source_id.get(i, i),
            "revenue_schedules": lambda i: f"{self.company_of_line(self._schedules.get(i))}-{schedule_number(i)}",
            "project_costs": lambda i: f"{self.company_of_project(self._costs.get(i))}-{transaction_number(i)}",
            "disputes": lambda i: f"{self._company_of_claim(self._disputes.get(i))}-{dispute_number(i)}",
            "write_offs": lambda i: f"{self._company_of_claim(self._write_offs.get(i))}-{write_off_number(i)}",
            "contract_balances": lambda i: f"{self.company_of_contract(self._balances.get(i))}-{balance_number(i)}",
            "wip_postings": lambda i: f"{self.company_of_line(self._postings.get(i))}-{posting_number(i)}",
        }
        return composed[kind](fact_id) if kind in composed else guid(kind, fact_id)

    # --- companies

    @cached_property
    def first_company(self) -> str:
        """Where records without a company of their own live."""
        return next((company(e.id) for e in self._facts.legal_entities), DEFAULT_COMPANY)

    def company_of_invoice(self, invoice: Invoice) -> str:
        return company(invoice.legal_entity) if invoice.legal_entity else self.first_company

    def company_of_line(self, contract_line: str | None) -> str:
        """The company that has the contract of this line."""
        line = self._lines.get(contract_line or "")
        return self.company_of_contract(line.contract if line else None)

    def company_of_contract(self, contract_id: str | None) -> str:
        contract = self._contracts.get(contract_id or "")
        return company(contract.legal_entity) if contract and contract.legal_entity else self.first_company

    def company_of_project(self, project: str | None) -> str:
        found = self._projects.get(project or "")
        return self.company_of_line(found.contract_line if found else None)

    def project_number(self, project: str | None) -> str:
        """A project's number in Finance, the code that people call it by; empty for a project it never heard of."""
        return self._project_numbers.get(project or "", "")

    @cached_property
    def _project_numbers(self) -> dict[str, str]:
        """Project -> its code, with a number of its own where several projects have the same one."""
        times = Counter(p.code for p in self._facts.projects)
        return {
            p.id: p.code if times[p.code] == 1 else f"{p.code}-{number('projects', p.id)}" for p in self._facts.projects
        }

    # --- documents

    @cached_property
    def invoices(self) -> dict[str, Invoice]:
        return {i.id: i for i in self._facts.invoices}

    @staticmethod
    def is_free_text(invoice: Invoice) -> bool:
        """Whether the document was typed into the ledger: it bills no item, names no person and no period."""
        about_work = (line.items or line.resource or line.service_from or line.service_to for line in invoice.lines)
        return invoice.status != "voided" and not any(about_work)

    @cached_property
    def invoice_numbers(self) -> dict[str, str]:
        """Invoice -> its number in Finance, which a company gives once only."""
        keys = {i.id: (self.company_of_invoice(i), i.number) for i in self._facts.invoices}
        times = Counter(keys.values())
        return {i: n if times[c, n] == 1 else f"{n}-{number('invoices', i)}" for i, (c, n) in keys.items()}

    def invoice_source_id(self, invoice: Invoice) -> str:
        if self.is_free_text(invoice):
            return f"{self.company_of_invoice(invoice)}-{free_text_number(invoice.id)}"
        return guid("invoices", invoice.id)

    def _line_source_id(self, line: str) -> str:
        invoice = self._invoice_of_line.get(line)
        if invoice is not None and self.is_free_text(invoice):
            return f"{self.invoice_source_id(invoice)}-{line_number(line)}.000000"
        return guid("invoice_lines", line)

    def _company_of_claim(self, invoice: str | None) -> str:
        """The company of a dispute or write-off, which is that of the invoice."""
        found = self.invoices.get(invoice or "")
        return self.company_of_invoice(found) if found else self.first_company

    @cached_property
    def _invoice_of_line(self) -> dict[str, Invoice]:
        return {line.id: i for i in self._facts.invoices for line in i.lines}

    def _payment_source_id(self, payment: str) -> str:
        invoice = self.invoices.get(self._payments.get(payment, ""))
        if invoice is None:
            return payment
        own = self.company_of_invoice(invoice)
        return f"{own}-{journal_number(payment)}-1.000000-{own}-{self.invoice_numbers[invoice.id]}"

    def item(self, billed: BilledItem, invoice: Invoice) -> tuple[str, str]:
        """Kind and id of the fact that ``billed`` bills; a milestone split over customers is one fact per share."""
        kind = self.kind_of(billed.item)
        is_shared = self._items.get(kind, {}).get(billed.item, False)
        return kind, f"{billed.item}/{billed.customer or invoice.customer}" if is_shared else billed.item

    def kind_of(self, item: str) -> str:
        """Kind of a billable fact; empty for one that Project Operations never heard of."""
        return next((kind for kind, known in self._items.items() if item in known), "")

    @cached_property
    def _items(self) -> dict[str, dict[str, bool]]:
        """Kind -> billable fact -> whether it is split into shares."""
        return {
            "time_entries": {t.id: False for t in self._facts.time_entries},
            "expenses": {e.id: False for e in self._facts.expenses},
            "supplier_invoice_lines": {line.id: False for s in self._facts.supplier_invoices for line in s.lines},
            "milestones": {m.id: bool(m.shares) for m in self._facts.milestones},
            "progress_reports": {p.id: False for p in self._facts.progress_reports},
        }

    # --- what else is looked up

    @cached_property
    def _lines(self) -> dict[str, Any]:
        return {line.id: line for line in self._facts.contract_lines}

    @cached_property
    def _contracts(self) -> dict[str, Any]:
        return {c.id: c for c in self._facts.contracts}

    @cached_property
    def _projects(self) -> dict[str, Any]:
        return {p.id: p for p in self._facts.projects}

    @cached_property
    def _payments(self) -> dict[str, str]:
        return {p.id: p.invoice for p in self._facts.payments}

    @cached_property
    def _schedules(self) -> dict[str, str]:
        return {s.id: s.contract_line for s in self._facts.revenue_schedules}

    @cached_property
    def _costs(self) -> dict[str, str]:
        return {c.id: c.project for c in self._facts.project_costs}

    @cached_property
    def _disputes(self) -> dict[str, str]:
        return {d.id: d.invoice for d in self._facts.disputes}

    @cached_property
    def _write_offs(self) -> dict[str, str]:
        return {w.id: w.invoice for w in self._facts.write_offs}

    @cached_property
    def _balances(self) -> dict[str, str]:
        return {b.id: b.contract for b in self._facts.contract_balances}

    @cached_property
    def _postings(self) -> dict[str, str]:
        return {p.id: p.contract_line for p in self._facts.wip_postings}

    @cached_property
    def _rate_source_id(self) -> dict[str, str]:
        return {
            r.id: rate_source_id(r.rate_type, r.from_currency, r.to_currency, r.rate_date) for r in self._facts.fx_rates
        }


def rate_source_id(rate_type: str, from_currency: str, to_currency: str, day: date) -> str:
    return f"{RATE_TYPES[rate_type]}-{from_currency}-{to_currency}-{day}"


def free_text_number(invoice: str) -> str:
    return f"FTI-{number('free_text', invoice):09}"


def journal_number(payment: str) -> str:
    return f"ARP-{number('payments', payment):09}"


def transaction_number(cost: str) -> str:
    return f"PRT-{number('project_costs', cost):09}"


def schedule_number(schedule: str) -> str:
    return f"RS-{number('revenue_schedules', schedule):09}"


def dispute_number(dispute: str) -> int:
    """The record id that is the key of a dispute."""
    return 5_637_000_000 + number("disputes", dispute)


def write_off_number(write_off: str) -> str:
    return f"CWO-{number('write_offs', write_off):09}"


def balance_number(balance: str) -> str:
    return f"CB-{number('contract_balances', balance):09}"


def posting_number(posting: str) -> str:
    return f"WIP-{number('wip_postings', posting):09}"
