"""What became of posted invoices: disputes as custom records, write-offs as journals against the receivable."""

from __future__ import annotations

from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder


def add_receivables(builder: Builder) -> None:
    """The custom fields of a journal say which invoice is written off, why, and who approved it."""
    for dispute in builder.living("disputes"):
        builder.add(
            "customrecord_invoice_dispute",
            id=number("disputes", dispute.id), custrecord_dispute_invoice=number("invoices", dispute.invoice),
            custrecord_dispute_line=builder.id_of("invoice_lines", dispute.line),
            custrecord_dispute_amount=dispute.amount, custrecord_dispute_currency=builder.currency(dispute.currency),
            custrecord_dispute_reason=dispute.reason, custrecord_dispute_opened=dispute.opened_on,
            custrecord_dispute_resolved=dispute.resolved_on, isinactive="F", created=builder.created(dispute),
            lastmodified=builder.changed(dispute),
        )  # fmt: skip
    customers = {i.id: i.customer for i in builder.system.world.facts.invoices}
    for write_off in builder.living("write_offs"):
        own, customer = number("write_offs", write_off.id), builder.id_of("customers", customers.get(write_off.invoice))
        builder.transaction(
            own, write_off, "Journal", write_off.written_off_on, tranid=f"JE-{write_off.id}", status="B",
            currency=builder.currency(write_off.currency), foreigntotal=write_off.amount,
            custbody_journal_purpose="WRITE_OFF", custbody_written_off_invoice=number("invoices", write_off.invoice),
            custbody_write_off_reason=write_off.reason, custbody_approved_by=write_off.approver,
            custbody_approver_role=write_off.approver_role,
        )  # fmt: skip
        builder.line(
            own, write_off, "bad debt", accountinglinetype="EXPENSE", entity=customer, foreignamount=write_off.amount
        )
        builder.line(
            own, write_off, "receivable", accountinglinetype="ASSET", entity=customer, foreignamount=-write_off.amount,
            linesequencenumber=1,
        )  # fmt: skip
