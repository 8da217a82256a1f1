"""HubSpot's control totals: what was agreed, per currency."""

from __future__ import annotations

from expectations.records import Records


def controls(raw: Records) -> dict[str, str]:
    """The value of all lines of statements of work that are not archived."""
    return {
        "contract_value": f"""
            select
              'all' as period,
              coalesce(
                properties__currency_code,
                (select max(company_currency) from {raw.living("account", "portal_id")}),
                'no currency'
              ) as unit,
              count(*) as records,
              sum(properties__amount) as total
            from {raw.living("sow_line", "id")}
            where not coalesce(archived, false)
            group by 1, 2
        """
    }
