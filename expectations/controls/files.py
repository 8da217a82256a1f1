"""The files' control totals: posted billing, cash and recognised revenue, by month and currency."""

from __future__ import annotations

from expectations.records import Records, month


def controls(raw: Records) -> dict[str, str]:
    """Net amounts of posted documents, payments of the ledger, recognised revenue, and booked bank movements."""
    return {
        "posted_invoices": f"""
            select {month("document.posted_date")} as period, coalesce(line.currency, 'no currency') as unit,
              count(*) as records, sum(cast(line.net_amount as decimal(18, 4))) as total
            from {raw.living("invoice_lines", "line_id")} as line
            inner join {raw.living("invoices", "document_id")} as document using (document_id)
            where document.status = 'G'
            group by 1, 2
        """,
        "payments": f"""
            select {month("payment_date")} as period, coalesce(currency, 'no currency') as unit,
              count(*) as records, sum(cast(amount as decimal(18, 4))) as total
            from {raw.living("payments", "payment_id")}
            group by 1, 2
        """,
        "recognised_revenue": f"""
            select {month("period_start")} as period, coalesce(currency, 'no currency') as unit,
              count(*) as records, sum(cast(recognised_amount as decimal(18, 4))) as total
            from {raw.living("revenue_schedules", "schedule_id")}
            group by 1, 2
        """,
        "bank_movements": f"""
            select {month("day")} as period, coalesce(currency, 'no currency') as unit,
              count(*) as records, sum(cast(amount as decimal(18, 4))) as total
            from (
              select booking_date as day, currency, amount
              from {raw.living("camt_entries", "account", "entry_ref", "detail_number")}
              where status = 'BOOK'
              union all
              select as_of_date, currency, amount
              from {raw.living("bai_transactions", "account", "transaction_ref")}
            )
            group by 1, 2
        """,
    }
