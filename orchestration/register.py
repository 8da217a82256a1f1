"""Reading the register of findings: from the published copy when there is one, else from the warehouse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingestion.config import ConfigurationError, settings

REPLAY_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
Row = dict[str, Any]


@contextmanager
def open_register(replay: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the register, or to that of a replay.

    Raises ConfigurationError when nothing was built yet, a run holds the warehouse, or no replay has the name.
    """
    path = register_path() if replay is None else replay_path(replay)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException:
        raise ConfigurationError(f"{path}: a run is writing it; try again when the run has ended") from None
    try:
        yield connection
    finally:
        connection.close()


def register_path() -> Path:
    """The file that readers open."""
    conf = settings()
    for path in (conf.published_dir / "leakage.duckdb", conf.warehouse_path):
        if path.exists():
            return path
    raise ConfigurationError(f"{conf.data_dir}: nothing was built here yet; type `leakage demo` or `leakage run` first")


def replay_path(name: str) -> Path:
    """The file of the replay ``name``; raises ConfigurationError when there is none."""
    folder = settings().replays_dir
    path = folder / name / "leakage.duckdb"
    if not re.fullmatch(REPLAY_NAME, name) or not path.exists():
        known = ", ".join(sorted(p.parent.name for p in folder.glob("[!.]*/leakage.duckdb"))) or "none"
        raise ConfigurationError(f"no replay is called {name!r}; there are: {known}; `leakage replay` makes one")
    return path


def rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """The result as dictionaries; raises ConfigurationError when a table is not there (an unfinished build)."""
    try:
        cursor = connection.execute(sql, parameters or [])
    except duckdb.CatalogException as error:
        missing = str(error).splitlines()[0].removeprefix("Catalog Error: ")
        raise ConfigurationError(f"the register is incomplete ({missing}); type `leakage run` to build it") from None
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether the register holds this table."""
    sql = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return connection.execute(sql, [schema, table]).fetchone() is not None


def findings(
    connection: duckdb.DuckDBPyConnection, category: str | None = None, verdict: str | None = None
) -> list[Row]:
    """The findings, largest leakage first. ``evidence`` is a list of records, ``causes`` a list of codes."""
    known = rows(connection, "select distinct category, verdict from marts.leakage__findings")
    for name, value in (("category", category), ("verdict", verdict)):
        choices = sorted({r[name] for r in known})
        if value is not None and value not in choices:
            raise ConfigurationError(
                f"no finding has the {name} {value!r}; the register holds {', '.join(choices) or 'none'}"
            )
    found = rows(
        connection,
        "select * from marts.leakage__findings"
        " where (? is null or category = ?) and (? is null or verdict = ?)"
        " order by case when is_counted then 0 else 1 end,"
        " base_amount desc nulls last, amount desc nulls last, finding_id",
        [category, category, verdict, verdict],
    )
    for row in found:
        row["evidence"] = json.loads(row["evidence"]) if row.get("evidence") else []
        row["causes"] = [c for c in (row.get("causes") or "").split(";") if c]
    return found


def finding(connection: duckdb.DuckDBPyConnection, finding_id: str) -> Row:
    """The finding whose id this is, or begins with this; raises ConfigurationError when not exactly one matches."""
    matches = [f for f in findings(connection) if str(f["finding_id"]).startswith(finding_id)] if finding_id else []
    exact = [f for f in matches if f["finding_id"] == finding_id]
    if len(exact or matches) != 1:
        problem = f"{len(matches)} findings begin with it" if matches else "no finding has it; see `leakage findings`"
        raise ConfigurationError(f"finding id {finding_id!r}: {problem}")
    return (exact or matches)[0]


def leakage_by_currency(found: list[Row]) -> dict[str, Decimal]:
    """What is at risk and lost, without estimates and rejected findings, per currency; currencies are never added up."""
    totals: dict[str, Decimal] = {}
    for row in found:
        if row["is_counted"] and row["amount"] is not None:
            totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + row["amount"]
    return dict(sorted(totals.items()))


def plain(value: Any) -> Any:
    """A value as JSON holds it: money as exact text with at least two decimals, dates and times in ISO format."""
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def money(value: Decimal) -> str:
    """Exact text: two decimals, more only where the value has them."""
    cents = value.quantize(Decimal("0.01"))
    return str(cents if cents == value else value.normalize())


def stale_feeds(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Domains whose feed is stale or was never loaded: system, how far it is complete, and the objects that are behind."""
    return rows(
        connection,
        "select source_domain as domain, source_system as system, min(complete_through) as complete_through,"
        " cast(max(age_hours) as decimal(18, 2)) as age_hours, cast(max(max_age_hours) as decimal(18, 2))"
        " as max_age_hours, list(source_object order by source_object) as objects"
        " from marts.operations__feed_health where status <> 'fresh'"
        " group by source_domain, source_system order by source_domain, source_system",
    )


def metrics(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The metrics that go with the register, each a label and a text with its currency."""
    aging = rows(
        connection,
        "select overdue_bucket as bucket, currency, sum(unbilled_amount) as amount, sum(unbilled_hours) as hours"
        " from marts.finance__unbilled_aging group by overdue_bucket, currency order by currency",
    )
    aging.sort(key=lambda row: (_days(row["bucket"]), row["currency"]))
    recovery = rows(
        connection,
        "select currency, sum(rebilled_amount) as rebilled, sum(expected_amount) as expected"
        " from marts.finance__rebill_recovery where is_mature"
        " group by currency having sum(expected_amount) > 0 order by currency",
    )
    revenue = rows(
        connection,
        "select coalesce(sum(case when is_mismatch then 1 else 0 end), 0) as wrong, count(*) as judged"
        " from marts.finance__revrec_mismatches where category <> 'not_judged'",
    )
    unjudged = rows(connection, "select coalesce(sum(item_count), 0) as items from marts.finance__not_judged")
    found: dict[str, list[str]] = {}
    for row in aging:
        label = "unbilled, not due" if row["bucket"] == "not yet due" else f"unbilled {row['bucket']} d"
        found.setdefault(label, []).append(f"{row['amount']:,.2f} {row['currency']} ({row['hours']:,.0f} h)")
    shares = [f"{100 * r['rebilled'] / r['expected']:.1f} % of {r['expected']:,.2f} {r['currency']}" for r in recovery]
    found["rebill recovery"] = shares or ["no cohort is mature yet"]
    found["revenue"] = [f"{revenue[0]['wrong']} of {revenue[0]['judged']} contract lines not recognised as earned"]
    found["not judged"] = [f"{unjudged[0]['items']} items (missing rate, stale feed ...)"]
    found.update(_indicators(connection))
    unseen: dict[str, list[str]] = {}
    for row in blind(connection):
        unseen.setdefault(row["missing_domains"].replace(";", ", "), []).append(row["detector_id"])
    if unseen:
        found["blind"] = [f"{' '.join(rules)} (no system for {domains})" for domains, rules in unseen.items()]
    late = [f"{row['domain']} ({row['system']})" for row in stale_feeds(connection)]
    found["stale feeds"] = late or ["none"]
    return [(label, ", ".join(texts)) for label, texts in found.items()]


def _indicators(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """One line per KPI of the marts, currency by currency; what is not known is said, never shown as zero."""
    dso = rows(
        connection,
        "select currency, cast(90 * sum(ar_amount) / nullif(sum(credit_sales_amount), 0) as decimal(18, 1)) as days,"
        " sum(ar_amount) as owed from marts.finance__dso group by currency order by currency",
    )
    cycle = rows(
        connection,
        "select currency, cast(sum(value_weighted_cycle_days * measured_amount) / nullif(sum(measured_amount), 0)"
        " as decimal(18, 1)) as days, sum(measured_invoice_count) as invoices"
        " from marts.finance__invoice_cycle_time group by currency order by currency",
    )
    (setup,) = rows(
        connection,
        "select coalesce(sum(won_count), 0) as won, coalesce(sum(late_count), 0) as late,"
        " coalesce(sum(open_count), 0) as still_open, max(longest_business_days) as longest"
        " from marts.operations__project_setup_latency",
    )
    (transfers,) = rows(
        connection,
        "select coalesce(sum(record_count), 0) as records, coalesce(sum(failed_attempt_count), 0) as failed,"
        " coalesce(sum(unsynced_count), 0) as unsynced from marts.operations__sync_failures",
    )
    # The entitled value stands on every category's row of a month and company: it counts once.
    rates = rows(
        connection,
        "select currency, sum(leaked) as leaked, sum(entitled) as entitled from (select currency, occurred_month,"
        " legal_entity_id, sum(at_risk_amount + confirmed_loss_amount) as leaked, max(entitled_amount) as entitled"
        " from marts.finance__leakage_rate group by currency, occurred_month, legal_entity_id) as months"
        " group by currency having sum(entitled) > 0 order by currency",
    )
    return {
        "DSO": [f"{_known(r['days'])} d of {r['owed']:,.2f} {r['currency']}" for r in dso] or ["no invoices"],
        "invoice cycle": [f"{_known(r['days'])} d in {r['currency']} ({r['invoices']} invoices)" for r in cycle]
        or ["no invoices"],
        "project set-up": [
            f"{setup['late']} of {setup['won']} late",
            f"{setup['still_open']} still open",
            f"longest {setup['longest']} business days",
        ]
        if setup["won"]
        else ["no engagement won"],
        "sync failures": [
            f"{transfers['failed']} failed attempts",
            f"{transfers['unsynced']} records unsynced past SLA",
        ]
        if transfers["records"]
        else ["no integration log"],
        "leakage rate": [
            f"{100 * r['leaked'] / r['entitled']:.2f} % of {r['entitled']:,.2f} {r['currency']}" for r in rates
        ]
        or ["no entitled value"],
    }


def _known(days: Decimal | None) -> str:
    """A number of days as text; one that nobody can tell is said to be unknown."""
    return "unknown" if days is None else str(days)


def blind(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The rules that cannot judge because a domain that they need has no system, with those ``missing_domains``."""
    return rows(
        connection,
        "select distinct detector_id, category, missing_domains from marts.operations__coverage"
        " where coverage = 'blind' order by missing_domains, detector_id",
    )


def _days(bucket: str) -> int:
    """Where an age bucket stands among the others: its first number; >120 comes after 91-120."""
    digits = "".join(c for c in bucket.split("-")[0] if c.isdigit())
    return int(digits) + bucket.startswith(">") if digits else -1
