"""Coupa's control totals: supplier documents by currency and kind.

Credit notes count negative, however they are written.
"""

from __future__ import annotations

from expectations.records import Records


def controls(raw: Records) -> dict[str, str]:
    """Net amounts of the lines of all supplier invoices and credit notes that still exist."""
    return {
        "supplier_costs": f"""
            with documents as (
              select id, currency__code, case
                when coalesce(is_credit_note, false) or document_type = 'Credit Note' then 'credit_note'
                when document_type = 'Invoice' then 'invoice'
                else 'unknown'
              end as kind
              from {raw.seen("invoices", "id")}
            )
            select
              'all' as period,
              coalesce(document.currency__code || ' ' || coalesce(document.kind, 'unknown'), 'no currency') as unit,
              count(distinct line.invoice_id) as records,
              sum(case
                when document.kind = 'credit_note' then -abs(cast(line.total as decimal(18, 4)))
                else cast(line.total as decimal(18, 4))
              end) as total
            from {raw.living("invoice_lines", "id")} as line
            left join documents as document on line.invoice_id = document.id
            where document.id is null or document.id in (select id from {raw.living("invoices", "id")})
            group by 1, 2
        """
    }
