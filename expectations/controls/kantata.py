"""Kantata's control totals: hours worked and milestone value, by month."""

from __future__ import annotations

from expectations.records import Records, month


def controls(raw: Records) -> dict[str, str]:
    """Hours of all time entries, and the amounts of all billing milestones in units of their currency."""
    return {
        # An entry keeps whole minutes; where an integration noted the exact hours beside it, those were worked.
        "time_hours": f"""
            with exact as (
              select reference.subject_id, max(cast(reference.service_model_ref as decimal(9, 4))) as hours
              from {raw.living("external_references", "id")} as reference
              inner join {raw.living("field_purposes", "purpose_key")} as purpose
                on purpose.kind = 'external_reference' and purpose.purpose = 'logged_hours'
                and purpose.name = reference.service_model
              where reference.subject_type = 'TimeEntry' and purpose.subject_type = 'TimeEntry'
              group by reference.subject_id
            )
            select
              {month("entry.date_performed")} as period,
              'hours' as unit,
              count(*) as records,
              sum(coalesce(
                exact.hours, cast(round(cast(entry.time_in_minutes as decimal(18, 4)) / 60, 4) as decimal(9, 4))
              )) as total
            from {raw.living("time_entries", "id")} as entry
            left join exact on entry.id = cast(exact.subject_id as varchar)
            group by 1, 2
        """,
        "milestone_value": f"""
            select
              {month("coalesce(story.due_date, milestone.date_to_invoice)")} as period,
              coalesce(milestone.currency, 'no currency') as unit,
              count(*) as records,
              sum(cast(
                round(cast(milestone.amount_in_cents as decimal(18, 4)) / currency.subunit_to_unit, 6) as decimal(18, 4)
              )) as total
            from {raw.living("billing_milestones", "id")} as milestone
            left join {raw.seen("stories", "id")} as story on milestone.story_id = story.id
            left join {raw.seen("currencies", "iso_code")} as currency on milestone.currency = currency.iso_code
            group by 1, 2
        """,
    }
