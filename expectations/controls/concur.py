"""Concur's control totals: expense amounts as they were spent, by month, currency and approval."""

from __future__ import annotations

from expectations.records import Records, month


def controls(raw: Records) -> dict[str, str]:
    """Expense amounts of all reports that still exist; an itemized entry counts through its itemizations alone."""
    entries, itemizations, reports = (
        raw.living("entries", "id"),
        raw.living("itemizations", "id"),
        raw.living("reports", "id"),
    )
    return {
        "expenses": f"""
            with leaves as (
              select id, report_id, transaction_date, transaction_amount, transaction_currency_code
              from {entries} as entry
              where id not in (select entry_id from {itemizations} where entry_id is not null)
                and not (
                  coalesce(has_itemizations, false)
                  and id in (select entry_id from {raw.seen("itemizations", "id")} where entry_id is not null)
                )
              union all
              -- An itemization is in the currency of its entry.
              select part.id, part.report_id, part.transaction_date, part.transaction_amount,
                entry.transaction_currency_code
              from {itemizations} as part
              left join {entries} as entry on part.entry_id = entry.id
              -- Itemizations go with their entry; one whose entry has never been seen stays.
              where part.entry_id is null
                or entry.id is not null
                or part.entry_id not in (select id from {raw.seen("entries", "id")})
            )
            select
              {month("cast(leaves.transaction_date at time zone 'UTC' as date)")} as period,
              coalesce(leaves.transaction_currency_code || case
                when report.payment_status_code in ('P_PROC', 'P_PAYC', 'P_PAID') then ' approved'
                when report.approval_status_code = 'A_APPR' then ' approved'
                else ' open'
              end, 'no currency') as unit,
              count(distinct leaves.report_id) as records,
              sum(cast(leaves.transaction_amount as decimal(18, 4))) as total
            from leaves
            left join {reports} as report on leaves.report_id = report.id
            where report.id is not null
              or leaves.report_id is null
              or leaves.report_id not in (select id from {raw.seen("reports", "id")})
            group by 1, 2
        """
    }
