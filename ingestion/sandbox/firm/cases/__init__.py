"""Scripted engagements: each kind of leak once for certain, beside the cases that look the same and are in order.

What chance plants in the ordinary engagements makes the volume; these small ones make sure that nothing is missing.
They happen in the latest month whose invoices are well past due at the firm's end date, and in the month before.
"""

from __future__ import annotations

from ingestion.sandbox.firm.cases import books, companies, costs, fees, prices, receivables, setup, time
from ingestion.sandbox.firm.cases.case import Case
from ingestion.sandbox.firm.model import Book

CASES = (
    time.not_billed,
    prices.rate_changes,
    prices.wrong_currency,
    time.missing_rate,
    costs.expenses,
    fees.milestones,
    fees.silence,
    costs.suppliers,
    fees.caps_and_retainer,
    setup.merged_project,
    prices.credit_and_discount,
    books.recognition,
    time.held,
    time.written_down,
    time.never_logged,
    time.change_orders,
    time.closed_project,
    prices.rises,
    prices.discounts,
    prices.billed_twice,
    costs.late_expense,
    costs.rejected_expenses,
    fees.progress,
    fees.prepaid_hours,
    fees.minimum,
    fees.retainage,
    fees.overrun,
    receivables.disputes,
    receivables.credits,
    receivables.write_offs,
    receivables.refused,
    receivables.paid_short,
    receivables.paid_in_other_currency,
    setup.set_up_late,
    setup.second_project,
    setup.value_drift,
    setup.failed_transfer,
    books.positions,
    books.work_in_progress,
    books.plans,
    books.expected_loss,
    companies.lent_time,
    companies.tax,
)


def script(book: Book) -> None:
    """Add the scripted engagements, several times in a large firm."""
    for copy in range(1, 2 + book.staff // 150):
        case = Case(book, copy)
        for plant in CASES:
            plant(case)
