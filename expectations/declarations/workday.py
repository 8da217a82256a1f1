"""Workday: impossible values per object. A firm without custom reports for them has no calendars and no time off."""

from __future__ import annotations

from expectations.rules import ObjectRules

_CONTRACT = "worker_data__employment_data__worker_contract_data__"

RULES = {
    "workers": ObjectRules(
        ranges={
            f"{_CONTRACT}contract_pay_rate": (0, None),
            "primary_job__position_data__full_time_equivalent_percentage": (0, None),
        },
        currencies=(f"{_CONTRACT}currency_reference__currency_id",),
    ),
    "organizations": ObjectRules(
        required=("organization_data__name", "organization_data__organization_type_reference__organization_type_id")
    ),
    "work_calendars": ObjectRules(required=("hours_per_day",), ranges={"hours_per_day": (0, 24)}, may_be_empty=True),
    "holidays": ObjectRules(required=("work_calendar_id", "holiday_date"), may_be_empty=True),
    "worker_calendars": ObjectRules(required=("work_calendar_id",), may_be_empty=True),
    # Corrections are negative entries: less was taken than had been entered.
    "time_off": ObjectRules(required=("worker_wid", "time_off_date", "units"), may_be_empty=True),
}
