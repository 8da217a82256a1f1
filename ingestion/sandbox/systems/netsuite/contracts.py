"""What the ledger was told of contracts: a sales order per contract line, and a custom record per change order."""

from __future__ import annotations

from ingestion.sandbox.facts import EPOCH
from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder


def add_contracts(builder: Builder) -> None:
    """Sales orders do not post: they say what a contract line is worth, and nothing of it is in the ledger."""
    world = builder.system.world
    contracts = {c.id: c for c in world.facts.contracts}
    for line in builder.living("contract_lines"):
        own, contract = number("salesorder", line.id), contracts.get(line.contract)
        day = line.starts_on or (contract and (contract.starts_on or contract.signed_on)) or EPOCH.date()
        currency = line.currency or (contract.currency if contract else "USD")
        customer = builder.id_of("customers", contract.customer if contract else None)
        subsidiary = builder.id_of("legal_entities", contract.legal_entity if contract else None)
        builder.transaction(
            own, line, "SalesOrd", day, tranid=f"SO-{line.id}", status="F", posting="F", entity=customer,
            currency=builder.currency(currency), foreigntotal=line.amount,
        )  # fmt: skip
        builder.line(
            own, line, "main", mainline="T", accountinglinetype="ASSET", foreignamount=line.amount, entity=customer,
            subsidiary=subsidiary,
        )  # fmt: skip
        builder.line(
            own, line, "work", accountinglinetype="INCOME", item=builder.item("items"), entity=customer,
            memo=line.name or None, subsidiary=subsidiary, linesequencenumber=1, quantity=-1, rate=line.amount,
            foreignamount=None if line.amount is None else -line.amount,
            custcol_crm_contract_line=world.ref("crm", "contract_lines", line.id),
        )  # fmt: skip
    for order in builder.living("change_orders"):
        if order.status == "approved":
            builder.add(
                "customrecord_change_order",
                id=number("change_orders", order.id),
                custrecord_co_crm_id=world.ref("crm", "change_orders", order.id),
                custrecord_co_crm_contract_line=world.ref("crm", "contract_lines", order.contract_line),
                custrecord_co_amount=order.amount, custrecord_co_cap_amount=order.cap_delta,
                custrecord_co_currency=builder.currency(order.currency), isinactive="F",
                created=builder.created(order), lastmodified=builder.changed(order),
            )  # fmt: skip
