"""Salesforce's control totals: what was agreed, per currency."""

from __future__ import annotations

from expectations.records import Records


def controls(raw: Records) -> dict[str, str]:
    """The value of all contract lines that are neither deleted nor in the recycle bin."""
    return {
        "contract_value": f"""
            select
              'all' as period,
              coalesce(
                currency_iso_code,
                (select max(default_currency_iso_code) from {raw.living("organization", "id")}),
                'no currency'
              ) as unit,
              count(*) as records,
              sum(amount_c) as total
            from {raw.living("sow_line", "id")}
            where not coalesce(is_deleted, false)
            group by 1, 2
        """
    }
