"""Dynamics 365's control totals: billing that Finance posted, cash settled, revenue recognised, per month and currency."""

from __future__ import annotations

from expectations.records import Records, month

_COMPANY = "data_area_id"
_JOURNAL_LINE = (_COMPANY, "journal_batch_number", "line_number")


def controls(raw: Records) -> dict[str, str]:
    """Net amounts of posted project and free text invoices, settlements of posted payments, recognised revenue."""
    project_invoices = raw.living("project_invoice", _COMPANY, "invoice_number")
    free_text_invoices = raw.living("free_text_invoice", _COMPANY, "free_text_number")
    posted = f"""
        select data_area_id, invoice_number, currency_code from {project_invoices} as project
        union all
        select data_area_id, invoice_id, currency_code from {free_text_invoices} as free_text where is_posted = 'Yes'
    """
    return {
        "posted_invoices": f"""
            select period, unit, count(*) as records, sum(amount) as total
            from (
              select
                {month("document.invoice_date")} as period,
                coalesce(document.currency_code, 'no currency') as unit,
                cast(line.line_amount as decimal(18, 4)) as amount
              from {raw.living("project_invoice_line", _COMPANY, "invoice_number", "line_number")} as line
              inner join {project_invoices} as document
                on line.data_area_id = document.data_area_id and line.invoice_number = document.invoice_number
              union all
              select
                {month("document.invoice_date")} as period,
                coalesce(document.currency_code, 'no currency') as unit,
                cast(line.transaction_currency_amount as decimal(18, 4)) as amount
              from {raw.living("free_text_invoice_line", _COMPANY, "free_text_number", "line_number")} as line
              inner join {free_text_invoices} as document
                on line.data_area_id = document.data_area_id and line.free_text_number = document.free_text_number
              where document.is_posted = 'Yes'
            ) as billed
            group by 1, 2
        """,
        "payments": f"""
            select
              {month("payment.transaction_date")} as period,
              coalesce(invoice.currency_code, payment.currency_code, 'no currency') as unit,
              count(*) as records,
              sum(cast(settled.settlement_amount_in_invoice_currency as decimal(18, 4))) as total
            from {raw.living("payment_settlement", *_JOURNAL_LINE, "invoice_company", "invoice_number")} as settled
            inner join {raw.living("payment_line", *_JOURNAL_LINE)} as payment
              on settled.data_area_id = payment.data_area_id
              and settled.journal_batch_number = payment.journal_batch_number
              and settled.line_number = payment.line_number
            inner join {raw.seen("payment_journal", _COMPANY, "journal_batch_number")} as journal
              on settled.data_area_id = journal.data_area_id
              and settled.journal_batch_number = journal.journal_batch_number
            left join ({posted}) as invoice
              on settled.invoice_company = invoice.data_area_id and settled.invoice_number = invoice.invoice_number
            where journal.is_posted = 'Yes'
            group by 1, 2
        """,
        "recognised_revenue": f"""
            select
              {month("schedule.period_start_date")} as period,
              coalesce(nullif(schedule.currency_code, ''), 'no currency') as unit,
              count(*) as records,
              sum(coalesce(cast(schedule.recognized_amount as decimal(18, 4)), 0)) as total
            from {raw.living("revenue_schedule", _COMPANY, "schedule_line_id")} as schedule
            group by 1, 2
        """,
    }
