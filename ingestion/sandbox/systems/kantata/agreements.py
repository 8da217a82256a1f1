"""What was agreed with the customer as Kantata OX holds it: estimates that the integration with the CRM keeps.

Kantata has no contracts. An estimate is what was sold, and takes custom fields and references, also before any project
exists: one per contract line, per change order and per block of prepaid hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.sandbox.facts import ChangeOrder, ContractLine, Fact, Retainer
from ingestion.sandbox.systems.kantata.brainstem import Row
from ingestion.sandbox.systems.kantata.values import vendor_id

if TYPE_CHECKING:
    from ingestion.sandbox.systems.kantata.records import Records

_APPROVAL = {"draft": "Draft", "pending": "Pending", "approved": "Approved", "rejected": "Rejected"}


def estimates(records: Records) -> list[Row]:
    """The estimates of all contract lines, change orders and retainers, and what is kept about them beside them."""
    return [
        *(_contract_line(records, line) for line in records.alive("contract_lines")),
        *(_change_order(records, order) for order in records.alive("change_orders")),
        *(_retainer(records, retainer) for retainer in records.alive("retainers")),
    ]


def _contract_line(records: Records, line: ContractLine) -> Row:
    estimate_id, times = vendor_id("contract_lines", line.id), records.times(line)
    currency = records.currency_of(None, line.id)
    records.links.money("agreed_amount", "Estimate", estimate_id, line.amount, currency, times)
    return _estimate(records, line, estimate_id, "Contract Line", line.id, line.name or line.id, currency)


def _change_order(records: Records, order: ChangeOrder) -> Row:
    links, estimate_id, times = records.links, vendor_id("change_orders", order.id), records.times(order)
    links.choice("approval_status", "Estimate", estimate_id, _APPROVAL[order.status], times)
    links.money("agreed_amount", "Estimate", estimate_id, order.amount, order.currency, times)
    links.money("cap_change", "Estimate", estimate_id, order.cap_delta, order.currency, times)
    links.crm("change_order", "Estimate", estimate_id, order.id, times)
    name = f"Change order {order.number or order.id}"
    return _estimate(records, order, estimate_id, "Change Order", order.contract_line, name, order.currency)


def _retainer(records: Records, retainer: Retainer) -> Row:
    links, estimate_id, times = records.links, vendor_id("retainers", retainer.id), records.times(retainer)
    links.money("agreed_amount", "Estimate", estimate_id, retainer.amount, retainer.currency, times)
    links.text("prepaid_hours", "Estimate", estimate_id, str(retainer.hours), times)
    links.day("valid_from", "Estimate", estimate_id, retainer.starts_on, times)
    links.day("valid_until", "Estimate", estimate_id, retainer.expires_on, times)
    links.choice("refundable", "Estimate", estimate_id, "Yes" if retainer.is_refundable else "No", times)
    name = f"Retainer {retainer.id}"
    return _estimate(records, retainer, estimate_id, "Retainer", retainer.contract_line, name, retainer.currency)


def _estimate(
    records: Records, fact: Fact, estimate_id: str, kind: str, line_id: str | None, name: str, currency: str
) -> Row:
    times = records.times(fact)
    records.links.choice("agreement_type", "Estimate", estimate_id, kind, times)
    records.links.crm("contract_line", "Estimate", estimate_id, line_id, times)
    columns = {
        "name": name,
        "currency": currency,
        "is_locked": True,
        "workspace_id": None,
        "workspace_group_id": None,
        "favorite_scenario_id": None,
    }
    return records.record(estimate_id, columns, fact)
