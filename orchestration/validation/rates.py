"""The hourly rate that holds for work on a day, as the ledger's rule of prices chooses it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from orchestration.validation.answers import FeedState, Money, RateAnswer, RateCard
from orchestration.validation.identity import Entity, basis, feeds, identify, not_fresh, stale_detail, stale_reason
from orchestration.validation.questions import RateQuestion
from orchestration.validation.snapshot import Reader, Row
from orchestration.validation.supposing import NEW, RATE_RULES, Supposition

# What is asked about, as a relation of one row.
ASKED = f"""(
  select
    '{NEW}' as time_entry_id, $project_id as project_id, $contract_line_id as contract_line_id,
    $resource_id as resource_id, $role as role, cast($work_date as date) as work_date,
    cast($hours as decimal(9, 4)) as hours, $is_billable as is_billable, $change_order_id as change_order_id
)"""


def new_entries(asked: str = ASKED) -> str:
    """Entries of time as the canonical layer would make them of what is asked about."""
    return f"""
      select
        asked.time_entry_id,
        project.project_id,
        coalesce(asked.contract_line_id, project.contract_line_id) as contract_line_id,
        coalesce(line.engagement_id, project.engagement_id) as engagement_id,
        coalesce(line.customer_id, project.customer_id) as customer_id,
        resource.resource_id,
        coalesce(asked.role, resource.role) as role,
        asked.work_date,
        asked.hours,
        case when asked.is_billable then asked.hours else 0 end as billable_hours,
        asked.is_billable,
        'submitted' as status,
        cast(asked.work_date as timestamp) as submitted_at,
        asked.change_order_id,
        false as is_deleted
      from {asked} as asked
      left join canonical.project as project on asked.project_id = project.project_id
      left join canonical.resource as resource on asked.resource_id = resource.resource_id
      left join canonical.contract_line as line on asked.contract_line_id = line.contract_line_id
    """


def entry(
    work_date: date,
    *,
    project_id: str | None = None,
    contract_line_id: str | None = None,
    resource_id: str | None = None,
    role: str | None = None,
    hours: str = "1",
    is_billable: bool = True,
    change_order_id: str | None = None,
) -> Row:
    """The parameters of ``ASKED``."""
    return {
        "work_date": work_date.isoformat(),
        "project_id": project_id,
        "contract_line_id": contract_line_id,
        "resource_id": resource_id,
        "role": role,
        "hours": hours,
        "is_billable": is_billable,
        "change_order_id": change_order_id,
    }


def only(entries: str) -> str:
    """The canonical time entries, of which there are none but ``entries``."""
    return f"select * from canonical.time_entry where false union all by name {entries}"


def rate(reader: Reader, question: RateQuestion) -> RateAnswer:
    """The hourly rate of the work that is asked about; raises UnknownError or AmbiguousError for what it names."""
    as_of = reader.register.as_of
    day = question.day or as_of
    parameters = entry(
        day,
        project_id=_named(reader, "project", question.project_id),
        contract_line_id=_named(reader, "contract_line", question.contract_line_id),
        resource_id=_named(reader, "person", question.person),
        role=question.role,
    )
    supposed = Supposition(reader, max(day, as_of))
    supposed.suppose({"canonical.time_entry": only(new_entries())}, parameters)
    supposed.apply(RATE_RULES)
    return rate_answer(reader, supposed, max(day, as_of))


def _named(reader: Reader, entity: Entity, name: str | None) -> str | None:
    return None if name is None else identify(reader, entity, name)


def rate_answer(reader: Reader, supposed: Supposition, valid_on: date) -> RateAnswer:
    """The rate of the supposed entry, with the card that it stands on."""
    found = reader.row(
        f"""
        select
          work.contract_line_id, work.role, line.currency, line.rate_card_id = card.rate_card_id as is_own_card,
          rate.hourly_rate, rate.uplift_rate, coalesce(rate.is_uplift_lost, false) as is_uplift_lost,
          coalesce(rate.is_ambiguous, false) as is_ambiguous, coalesce(rate.candidate_count, 0) as candidate_count,
          card.rate_card_id, card.name, card.scope_type, card_line.rate_card_line_id, card_line.role as card_role,
          card_line.resource_email as person, card_line.valid_from_date as valid_from, card_line.valid_to_date as valid_to,
          card_line.hourly_rate as printed_rate
        from {supposed.relation("ledger.ledger__work")} as work
        left join canonical.contract_line as line on work.contract_line_id = line.contract_line_id
        left join {supposed.relation("ledger.ledger__time_rates")} as rate on work.time_entry_id = rate.time_entry_id
        left join canonical.rate_card_line as card_line on rate.rate_card_line_id = card_line.rate_card_line_id
        left join canonical.rate_card as card on card_line.rate_card_id = card.rate_card_id
        where work.time_entry_id = '{NEW}'
        """
    )
    if found is None:
        raise AssertionError("the rule of rates gave no row for the supposed entry")
    states = feeds(reader, "contract_line", "project", "person")
    outcome, reason, why = _rate_outcome(found, states)
    known = outcome == "ok"
    card = (
        RateCard(
            **{
                name: found[name]
                for name in (
                    "rate_card_id",
                    "name",
                    "scope_type",
                    "rate_card_line_id",
                    "person",
                    "valid_from",
                    "valid_to",
                )
            },
            role=found["card_role"],
            hourly_rate=Money.of(found["printed_rate"], found["currency"]),
        )
        if found["rate_card_line_id"] and not found["is_ambiguous"]
        else None
    )
    records = [("contract_line", found["contract_line_id"])]
    if card:
        records += [("rate_card", card.rate_card_id), ("rate_card_line", card.rate_card_line_id)]
    return RateAnswer(
        outcome=outcome,
        reason=reason,
        why=why,
        contract_line_id=found["contract_line_id"],
        role=found["role"],
        hourly_rate=Money.of(found["hourly_rate"], found["currency"]) if known else None,
        yearly_rise=Money.of(found["uplift_rate"], found["currency"]) if known and found["uplift_rate"] else None,
        is_rise_lost=found["is_uplift_lost"],
        card=card,
        basis=basis(reader, valid_on, states, records),
    )


def _rate_outcome(found: Row, states: list[FeedState]) -> tuple[Literal["ok", "cannot_be_judged"], str | None, str]:
    """Outcome, reason and why; the reasons are the ledger's own."""
    if found["contract_line_id"] is None:
        return (
            "cannot_be_judged",
            "no_contract_line",
            "No contract line pays for this work, so that no price was agreed.",
        )
    if found["is_ambiguous"]:
        return (
            "cannot_be_judged",
            "rate_card_overlap",
            f"{found['candidate_count']} lines of rate cards are equally specific and disagree.",
        )
    if found["hourly_rate"] is None:
        return "cannot_be_judged", "missing_rate", "No line of a rate card holds for this work on this day."
    if late := not_fresh(states):
        return "cannot_be_judged", stale_reason(late), stale_detail(late)
    scope = (
        "the contract line's own card"
        if found["is_own_card"]
        else f"the card of the {found['scope_type']}".replace("_", " ")
    )
    if found["scope_type"] == "standard" and not found["is_own_card"]:
        scope = "the standard card"
    whom = (
        f"names {found['person']}"
        if found["person"]
        else f"is for the role {found['card_role']}"
        if found["card_role"]
        else "is for everyone"
    )
    return "ok", None, f"Of the cards that hold on the day, {scope} is the most specific; its line {whom}."
