"""Workday's control totals: hours of leave, by month and status."""

from __future__ import annotations

from expectations.records import Records, month


def controls(raw: Records) -> dict[str, str]:
    """Hours of all time off entries, whether approved or not; days count as the worker's calendar says."""
    return {
        "leave_hours": f"""
            select
              {month("entry.time_off_date")} as period,
              'hours' as unit,
              count(*) as records,
              sum(cast(case lower(entry.unit_of_time)
                when 'hours' then round(entry.units, 4)
                when 'days' then round(cast(entry.units * calendar.hours_per_day as decimal(28, 8)), 4)
              end as decimal(9, 4))) as total
            from {raw.living("time_off", "time_off_entry_wid")} as entry
            left join {raw.living("worker_calendars", "worker_wid")} as place on entry.worker_wid = place.worker_wid
            left join {raw.seen("work_calendars", "work_calendar_id")} as calendar
              on place.work_calendar_id = calendar.work_calendar_id
            group by 1, 2
        """
    }
