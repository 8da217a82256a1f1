"""What the companies of the firm owe each other and the tax office: hours that were lent, and tax on invoices."""

from __future__ import annotations

from decimal import Decimal

from ingestion.sandbox.facts import BilledItem, Customer, Invoice, InvoiceLine
from ingestion.sandbox.firm.basics import DAY, add_business_days, at, month_end
from ingestion.sandbox.firm.billing import bill_alone
from ingestion.sandbox.firm.cases.case import Case, D
from ingestion.sandbox.firm.policies import LENT_ROLE, TAXED_COUNTRY, TRANSFER_CURRENCY, TRANSFER_PRICE
from ingestion.sandbox.firm.setup import ENTITIES, hire

INTERCOMPANY_SLA = 10
"""Business days from a month's end in which the companies charge each other."""


def lent_time(case: Case) -> None:
    """A British manager works for the American company, which is charged in full, too little and not at all."""
    book, end = case.book, month_end(case.month)
    lender, borrower = ENTITIES["GBP"][0], ENTITIES["USD"][0]
    person, sister = f"X{case.copy}J", f"C-{borrower}-{case.copy}"
    hire(book, person, LENT_ROLE, "GBP", "contractor")
    book.add(
        "customers",
        Customer,
        at(case.earlier, 9),
        id=sister,
        name=f"{ENTITIES['USD'][1]} (intercompany {case.copy})",
        currency=TRANSFER_CURRENCY,
        represents=borrower,
    )
    e = case.engagement("LA", role=LENT_ROLE)
    lines = []
    for n, charged in ((5, TRANSFER_PRICE), (6, D(100)), (7, None)):
        item = case.work(e, 8, case.nth(n), person=person, role=LENT_ROLE)
        owed = 8 * (TRANSFER_PRICE - (charged or 0))
        if owed:
            since = add_business_days(end, INTERCOMPANY_SLA) + DAY
            case.plant("L34", item.id, "time_entry", "control_gap", since, exposed=owed, currency=TRANSFER_CURRENCY)
        else:
            case.look_alike(item.id, "charged_between_companies")
        if charged:
            lines.append(_charge(e.line, item.id, charged))
    day = add_business_days(end, 6)
    book.add(
        "invoices",
        Invoice,
        at(day, 16),
        id=f"INV-IC-{e.key}",
        customer=sister,
        legal_entity=lender,
        currency=TRANSFER_CURRENCY,
        issued_on=day,
        posted_on=day,
        sent_on=day,
        due_on=day + DAY * 30,
        lines=lines,
    )


def _charge(line: str, item: str, price: Decimal) -> InvoiceLine:
    return InvoiceLine(
        contract_line=line,
        description="Time lent",
        quantity=D(8),
        unit_price=price,
        items=[BilledItem(item=item, quantity=D(8), amount=8 * price, customer=None)],
    )


def tax(case: Case) -> None:
    """Two invoices within Germany: one with the reduced rate, one with the full one."""
    e = case.engagement("TX", "EUR", rate=150)
    countries = {c.values["id"]: c.values["country"] for c in case.book.records["customers"] if "country" in c.values}
    e.customer = next(c for c in case.book.customers["EUR"] if countries[c] == TAXED_COUNTRY)
    for n in (4, 5):
        day = case.nth(n)
        item = case.work(e, 10, day, person=case.people[5], submitted=day)
        invoice = bill_alone(case.book, e, item, add_business_days(day, 2), is_paid=False)
        if n == 4:
            case.book.records["invoices"][-1].values["tax_amount"] = D("105.00")
        else:
            case.look_alike(invoice, "tax_in_full")
