"""The leakage assessment: the business case that a programme starts with, from the register and the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestration.register import Row, plain, rows

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

LARGEST = 10
_CENT = Decimal("0.01")
DIMENSIONS = {
    "category": "finding.category",
    "service line": "coalesce(finding.service_line, 'not stated')",
    "legal entity": "coalesce(entity.name, 'unknown')",
    "kind of contract": "coalesce(line.billing_method, 'no contract line')",
    "owner": "finding.owner",
}


@dataclass
class Assessment:
    """What an assessment says. All money is per currency; nothing is added up across currencies.

    ``by``: dimension -> rows of label, currency, findings, lost, delayed, recoverable. ``causes``: rows of cause,
    currency, findings, lost (a finding with two causes counts under both). ``faster``: rows of currency, late,
    average_days, carry_cost. ``unchecked``: rules that are blind, items that could not be judged, feeds that are late.
    """

    as_of: Any
    totals: list[Row]
    by: dict[str, list[Row]]
    causes: list[Row]
    faster: list[Row]
    unchecked: list[Row]
    largest: list[Row] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The assessment as JSON holds it."""
        found: dict[str, Any] = plain(vars(self))
        return found


def assess(connection: DuckDBPyConnection) -> Assessment:
    """Collect the assessment from a built register; raises ConfigurationError when nothing was built."""
    as_of = rows(connection, "select max(as_of_date) as as_of from ledger.ledger__contract_lines")[0]["as_of"]
    return Assessment(
        as_of=as_of,
        totals=_totals(connection),
        by={name: _grouped(connection, expression) for name, expression in DIMENSIONS.items()},
        causes=_causes(connection),
        faster=_faster(connection),
        unchecked=_unchecked(connection),
        largest=_largest(connection),
    )


def write_html(assessment: Assessment, path: Path) -> None:
    """Write the assessment as one HTML file that needs nothing beside it: no script, no font, no network."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("orchestration.assessment"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["amount"] = lambda value: "" if value is None else f"{value:,.2f}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(environment.get_template("assessment.html").render(assessment=assessment), encoding="utf-8")


_MONEY = (
    "cast(count(*) as int) as findings,"
    " cast(coalesce(sum(case when finding.is_counted then finding.amount end), 0) as decimal(18, 2)) as lost,"
    " cast(coalesce(sum(case when finding.verdict = 'timing_delay' then finding.exposed_amount end), 0)"
    " as decimal(18, 2)) as delayed,"
    " cast(coalesce(sum(case when finding.is_counted then finding.recoverable_amount end), 0) as decimal(18, 2))"
    " as recoverable"
)
_CONTEXT = (
    " from marts.leakage__findings as finding"
    " left join canonical.legal_entity as entity on finding.legal_entity_id = entity.legal_entity_id"
    " left join canonical.contract_line as line on finding.contract_line_id = line.contract_line_id"
    " where finding.is_counted or (finding.verdict = 'timing_delay' and finding.is_live)"
)


def _totals(connection: DuckDBPyConnection) -> list[Row]:
    """Per currency: entitled value, what is lost of it and at which rate, what is recoverable, what was billed too much."""
    return rows(
        connection,
        "with entitled as (select currency, sum(entitled_amount - not_leakage_amount) as amount"
        " from ledger.ledger__contract_lines where currency is not null group by currency),"
        " found as (select finding.currency,"
        " sum(case when is_counted then amount else 0 end) as lost,"
        " sum(case when is_counted then recoverable_amount else 0 end) as recoverable,"
        " sum(case when verdict = 'confirmed_loss' then amount else 0 end) as confirmed,"
        " sum(case when verdict = 'overbilling' then amount else 0 end) as overbilled"
        " from marts.leakage__findings as finding where is_live and currency is not null group by finding.currency)"
        " select coalesce(entitled.currency, found.currency) as currency,"
        " cast(entitled.amount as decimal(18, 2)) as entitled,"
        " cast(coalesce(found.lost, 0) as decimal(18, 2)) as lost,"
        " cast(round(100 * found.lost / nullif(entitled.amount, 0), 2) as decimal(9, 2)) as lost_pct,"
        " cast(coalesce(found.recoverable, 0) as decimal(18, 2)) as recoverable,"
        " cast(coalesce(found.confirmed, 0) as decimal(18, 2)) as confirmed,"
        " cast(coalesce(found.overbilled, 0) as decimal(18, 2)) as overbilled"
        " from entitled full join found on entitled.currency = found.currency order by 1",
    )


def _grouped(connection: DuckDBPyConnection, expression: str) -> list[Row]:
    return rows(
        connection,
        f"select {expression} as label, finding.currency, {_MONEY} {_CONTEXT}"
        " group by all order by lost desc, delayed desc, label, finding.currency",
    )


def _causes(connection: DuckDBPyConnection) -> list[Row]:
    return rows(
        connection,
        "select cause, currency, cast(count(*) as int) as findings, cast(sum(amount) as decimal(18, 2)) as lost"
        " from (select unnest(string_split(coalesce(nullif(causes, ''), 'unknown'), ';')) as cause, currency, amount"
        " from marts.leakage__findings where is_counted) group by all order by lost desc, cause, currency",
    )


def _faster(connection: DuckDBPyConnection) -> list[Row]:
    """What late invoices cost, and what a day is worth: the carry cost of what was billed late, by currency."""
    return rows(
        connection,
        "select currency, cast(sum(exposed_amount) as decimal(18, 2)) as late,"
        " cast(round(sum(exposed_amount * days_past) / nullif(sum(exposed_amount), 0), 1) as decimal(9, 1))"
        " as average_days, cast(sum(carry_cost_amount) as decimal(18, 2)) as carry_cost"
        " from marts.leakage__findings where verdict = 'timing_delay' and is_live group by currency order by currency",
    )


def _unchecked(connection: DuckDBPyConnection) -> list[Row]:
    """What the assessment says nothing about, with the money on it where that is known."""
    return rows(
        connection,
        "select 'items that cannot be judged: ' || coalesce(reason, 'unknown') as what, cast(sum(item_count) as int)"
        " as items, currency, cast(sum(not_judged_amount) as decimal(18, 2)) as amount"
        " from marts.finance__not_judged group by reason, currency"
        " union all"
        " select 'rule ' || detector_id || ' has no system for ' || replace(missing_domains, ';', ', '), null, null, null"
        " from marts.operations__coverage where coverage = 'blind' group by detector_id, missing_domains"
        " union all"
        " select 'feed of ' || source_system || ' (' || source_domain || ') is ' || min(status), null, null, null"
        " from marts.operations__feed_health where status <> 'fresh' group by source_system, source_domain"
        " order by 1, 3",
    )


def _largest(connection: DuckDBPyConnection) -> list[Row]:
    """The largest findings of each currency, together at most ``LARGEST``, with their evidence."""
    found = rows(
        connection,
        "select finding_id, detector_id, category, verdict, customer_name, amount, currency, owner, action, causes,"
        " evidence from marts.leakage__findings where is_counted"
        " order by base_amount desc nulls last, amount desc, finding_id limit ?",
        [LARGEST],
    )
    for row in found:
        row["evidence"] = json.loads(row["evidence"])
        row["amount"] = row["amount"].quantize(_CENT)
    return found
