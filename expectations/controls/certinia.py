"""Certinia's control totals: hours worked and milestone value, by month."""

from __future__ import annotations

from expectations.records import Records, month

_HOURS = " ".join(
    f"when {number} then pse_{day}_hours_c"
    for number, day in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), start=1
    )
)


def controls(raw: Records) -> dict[str, str]:
    """Hours of all days of all timecards, and the amounts of all milestones, neither deleted nor in the recycle bin."""
    return {
        # A day of a timecard has two decimals; where an integration noted the exact hours beside it, those were worked.
        "time_hours": f"""
            with days as (
              select
                timecard.id,
                timecard.pse_start_date_c + offsets.n as work_date,
                case isodow(timecard.pse_start_date_c + offsets.n) {_HOURS} end as hours
              from {raw.living("timecard", "id")} as timecard
              cross join (select unnest([0, 1, 2, 3, 4, 5, 6]) as n) as offsets
              where not coalesce(timecard.is_deleted, false)
            ),
            exact as (
              select pse_timecard_c as id, pse_date_c as work_date, exact_hours_c as hours
              from {raw.living("time_date", "id")}
              where not coalesce(is_deleted, false) and exact_hours_c is not null
            )
            select
              {month("days.work_date")} as period,
              'hours' as unit,
              count(*) as records,
              sum(coalesce(exact.hours, days.hours)) as total
            from days
            left join exact on days.id = exact.id and days.work_date = exact.work_date
            where coalesce(exact.hours, days.hours, 0) <> 0
            group by 1, 2
        """,
        "milestone_value": f"""
            select
              {month("pse_target_date_c")} as period,
              coalesce(
                currency_iso_code,
                (select max(default_currency_iso_code) from {raw.living("organization", "id")}),
                'no currency'
              ) as unit,
              count(*) as records,
              sum(pse_milestone_amount_c) as total
            from {raw.living("milestone", "id")}
            where not coalesce(is_deleted, false)
            group by 1, 2
        """,
    }
