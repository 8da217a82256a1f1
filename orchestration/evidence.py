"""The evidence chain of a finding or an item: from the opportunity in the CRM to the (absent) invoice line in the ERP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from orchestration.register import Row, finding, money, rows

# Per item type: its id and what it says of itself. Columns that only one kind has are NULL elsewhere.
_ITEMS = {
    "time_entry": (
        "time_entry_id",
        "work_date as item_date, billable_hours as quantity, cast(null as decimal(18, 4)) as amount, "
        "cast(null as varchar) as currency, status, role as label",
    ),
    "expense_item": (
        "expense_item_id",
        "expense_date as item_date, null as quantity, amount, currency, status, category as label",
    ),
    "supplier_cost": (
        "supplier_cost_id",
        "cast(approved_at as date) as item_date, null as quantity, net_amount as amount, currency, status, "
        "supplier_name as label",
    ),
    "milestone": (
        "milestone_id",
        "accepted_date as item_date, null as quantity, amount, currency, "
        "case when accepted_date is null then 'not accepted' else 'accepted' end as status, name as label",
    ),
}
ITEM_TYPES = tuple(_ITEMS)
_TITLES = {
    "time_entry": "time entry",
    "expense_item": "expense",
    "supplier_cost": "supplier invoice line",
    "milestone": "milestone",
}


def explain(connection: duckdb.DuckDBPyConnection, finding_id: str) -> Row:
    """The finding and its ``chain`` of step, system, record_id and detail; ``record_id`` None = no such record.

    ``finding_id`` may be shortened to its unique beginning. Raises ConfigurationError when not exactly one matches.
    """
    found = finding(connection, finding_id)
    return {**found, "chain": chain(connection, found)}


def chain(connection: duckdb.DuckDBPyConnection, subject: Row) -> list[Row]:
    """The records behind ``subject``, named by its subject_type, _system, _source_id and _id, and the inferred links."""
    return [*_chain(connection, subject), *_inferred(connection, subject["subject_id"])]


def _chain(connection: duckdb.DuckDBPyConnection, subject: Row) -> list[Row]:
    kind, system, source_id = subject["subject_type"], subject["subject_system"], subject["subject_source_id"]
    if kind in _ITEMS:
        return _item_chain(connection, kind, system, source_id)
    if kind == "invoice":
        return _invoice_chain(connection, system, source_id)
    if kind == "contract_line":
        line = _one(connection, "select contract_line_id from canonical.contract_line", system, source_id)
        line_id = line["contract_line_id"] if line else None
        return [*_agreement(connection, line_id), *_schedules(connection, line_id)]
    return [_step(kind.replace("_", " "), {"source_system": system, "source_id": source_id}, "")]


def _item_chain(connection: duckdb.DuckDBPyConnection, kind: str, system: str, source_id: str) -> list[Row]:
    key, columns = _ITEMS[kind]
    item = _one(
        connection,
        f"select {key} as item_id, contract_line_id, project_id, source_system, source_id, {columns}"
        f" from canonical.{kind}",
        system,
        source_id,
    )
    if item is None:
        return []
    quantity = f"{money(item['quantity'])} h" if item["quantity"] is not None else _amount(item)
    about = _words(item["label"], item["item_date"], quantity, item["status"])
    steps = _agreement(connection, item["contract_line_id"])
    if kind == "time_entry":
        steps += _rate(connection, item["item_id"])
    steps += _project(connection, item["project_id"])
    return [*steps, _step(_TITLES[kind], item, about), *_billing(connection, kind, item["item_id"])]


def _agreement(connection: duckdb.DuckDBPyConnection, contract_line_id: str | None) -> list[Row]:
    """Opportunity, contract and contract line."""
    found = rows(
        connection,
        "select line.source_system, line.source_id, line.name, line.billing_method, line.currency,"
        " line.contract_amount, deal.source_system as deal_system, deal.source_id as deal_id, deal.name as deal_name,"
        " deal.signed_date,"
        " deal.opportunity_source_id, deal.opportunity_amount, deal.currency as deal_currency, deal.closed_won_at"
        " from canonical.contract_line as line"
        " left join canonical.engagement as deal on line.engagement_id = deal.engagement_id"
        " where line.contract_line_id = ?",
        [contract_line_id],
    )
    if not found:
        return [_absent("contract line", "the item belongs to no contract line")]
    line = found[0]
    if line["opportunity_source_id"] is None:
        opportunity = _absent("opportunity", "the contract names none")
    else:
        won = f"won {line['closed_won_at']:%Y-%m-%d}" if line["closed_won_at"] else ""
        value = _amount({"amount": line["opportunity_amount"], "currency": line["deal_currency"]})
        where = {"source_system": line["deal_system"], "source_id": line["opportunity_source_id"]}
        opportunity = _step("opportunity", where, _words(won, value))
    deal = {"source_system": line["deal_system"], "source_id": line["deal_id"]}
    value = _amount({"amount": line["contract_amount"], "currency": line["currency"]})
    return [
        opportunity,
        _step("contract", deal, _words(line["deal_name"], line["signed_date"] and f"signed {line['signed_date']}")),
        _step("contract line", line, _words(line["name"], line["billing_method"], value)),
    ]


def _rate(connection: duckdb.DuckDBPyConnection, time_entry_id: str) -> list[Row]:
    """The version of the rate card that prices the entry at its work date."""
    found = rows(
        connection,
        "select line.source_system, line.source_id, card.source_id as card_id, card.name, line.role, line.hourly_rate,"
        " line.currency, line.valid_from_date, line.valid_to_date"
        " from ledger.ledger__time_rates as rate"
        " inner join canonical.rate_card_line as line on rate.rate_card_line_id = line.rate_card_line_id"
        " left join canonical.rate_card as card on line.rate_card_id = card.rate_card_id"
        " where rate.time_entry_id = ?",
        [time_entry_id],
    )
    if not found:
        return [_absent("rate card version", "no card matches at the work date")]
    rate = found[0]
    price = f"{money(rate['hourly_rate'])} {rate['currency']} per hour"
    period = f"from {rate['valid_from_date'] or 'the beginning'} to {rate['valid_to_date'] or 'further notice'}"
    return [
        _step("rate card version", rate, _words(rate["name"], f"card {rate['card_id']}", rate["role"], price, period))
    ]


def _project(connection: duckdb.DuckDBPyConnection, project_id: str | None) -> list[Row]:
    found = rows(
        connection,
        "select source_system, source_id, project_code, name, status from canonical.project where project_id = ?",
        [project_id],
    )
    return [_step("project", p, _words(p["project_code"], p["name"], p["status"])) for p in found]


def _billing(connection: duckdb.DuckDBPyConnection, kind: str, item_id: str) -> list[Row]:
    """The invoice lines that bill the item, drafts and credits included; their absence is the evidence."""
    found = rows(
        connection,
        "select line.source_system, line.source_id, link.amount, link.currency, invoice.invoice_number,"
        " invoice.invoice_type, invoice.status, invoice.posted_date"
        " from canonical.billing_link as link"
        " inner join canonical.invoice_line as line on link.invoice_line_id = line.invoice_line_id"
        " left join canonical.invoice as invoice on line.invoice_id = invoice.invoice_id"
        " where link.item_type = ? and link.item_id = ? and not link.is_deleted"
        " order by invoice.posted_date nulls last, line.source_id",
        [kind, item_id],
    )
    if not found:
        return [_absent("invoice line", "no line of any invoice bills it")]
    return [
        _step(
            "credit memo line" if line["invoice_type"] == "credit_memo" else "invoice line",
            line,
            _words(line["invoice_number"], line["status"], line["posted_date"], _amount(line)),
        )
        for line in found
    ]


def _invoice_chain(connection: duckdb.DuckDBPyConnection, system: str, source_id: str) -> list[Row]:
    invoice = _one(
        connection,
        "select invoice_id, source_system, source_id, invoice_number, issue_date, net_amount as amount, currency"
        " from canonical.invoice",
        system,
        source_id,
    )
    if invoice is None:
        return []
    lines = rows(
        connection,
        "select source_system, source_id, contract_line_id, description, net_amount as amount, currency"
        " from canonical.invoice_line where invoice_id = ? order by source_id",
        [invoice["invoice_id"]],
    )
    steps = [
        s
        for key in dict.fromkeys(r["contract_line_id"] for r in lines if r["contract_line_id"])
        for s in _agreement(connection, key)
    ]
    about = _words(invoice["invoice_number"], f"issued {invoice['issue_date']}", _amount(invoice))
    return [
        *steps,
        _step("invoice", invoice, about),
        *(_step("invoice line", r, _words(r["description"], _amount(r))) for r in lines),
    ]


def _inferred(connection: duckdb.DuckDBPyConnection, subject_id: str) -> list[Row]:
    """The links that no system states: what was taken for what, by which rule, and how sure that is."""
    found = rows(
        connection,
        "select link_type, match_method, confidence, matched_on, source_system, source_id, target_id"
        " from canonical.inferred_link where subject_id = ? order by link_type, source_system, source_id",
        [subject_id],
    )
    return [
        _step(
            f"inferred {link['link_type']}",
            link,
            _words(
                f"taken for {link['target_id']}",
                f"by {link['match_method']} ({link['matched_on']})",
                f"{link['confidence']} confidence",
            ),
        )
        for link in found
    ]


def _schedules(connection: duckdb.DuckDBPyConnection, contract_line_id: str | None) -> list[Row]:
    found = rows(
        connection,
        "select source_system, source_id, period_start_date, book, recognised_amount, currency"
        " from canonical.revenue_schedule where contract_line_id = ? order by period_start_date, book, source_id",
        [contract_line_id],
    )
    return [
        _step(
            "revenue schedule",
            r,
            _words(
                f"{r['period_start_date']:%Y-%m}",
                r["book"],
                f"recognised {_amount({**r, 'amount': r['recognised_amount']})}",
            ),
        )
        for r in found
    ]


def _one(connection: duckdb.DuckDBPyConnection, select: str, system: str, source_id: str) -> Row | None:
    found = rows(connection, f"{select} where source_system = ? and source_id = ?", [system, source_id])
    return found[0] if found else None


def _step(step: str, record: Row, detail: str) -> Row:
    return {"step": step, "system": record["source_system"], "record_id": record["source_id"], "detail": detail}


def _absent(step: str, why: str) -> Row:
    return {"step": step, "system": None, "record_id": None, "detail": why}


def _amount(record: Row) -> str:
    amount: Decimal | None = record["amount"]
    return "" if amount is None else f"{money(amount)} {record['currency']}"


def _words(*parts: Any) -> str:
    return ", ".join(str(p) for p in parts if p)
