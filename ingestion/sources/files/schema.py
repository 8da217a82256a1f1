"""The raw objects of the file drops: what every feed must deliver, whatever its files look like.

Files are read as text; these types are where a value is judged. Each record says which file and row it came from: the
first ones that brought this version, since the same row in the next export is the same version.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.raw import RawObject

AMOUNT, QUANTITY, RATE, WHOLE = "decimal(20,4)", "decimal(18,6)", "decimal(20,8)", "decimal(9,0)"
PROVENANCE = {"file_name": "text", "file_sha256": "text", "row_number": "bigint", "file_stamp": "timestamp"}


def _columns(text: str = "", date: str = "", amount: str = "", **others: str) -> dict[str, str]:
    groups = ((text, "text"), (date, "date"), (amount, AMOUNT))
    return {name: kind for names, kind in groups for name in names.split()} | others


def _object(name: str, key: str, domain: str | None, columns: Mapping[str, str]) -> RawObject:
    return RawObject(
        name, tuple(key.split()), {**columns, **PROVENANCE}, provenance=frozenset(PROVENANCE), domain=domain
    )  # fmt: skip


OBJECTS: dict[str, RawObject] = {
    obj.name: obj
    for obj in (
        _object(
            "legal_entities", "entity_code", "erp", _columns("entity_code name currency country parent_code time_zone")
        ),
        _object(
            "customers",
            "customer_no",
            "erp",
            _columns(
                "customer_no name parent_no currency country merged_into_no crm_account_id tax_id former_names "
                "represented_entity",
                payment_terms_days=WHOLE,
            ),
        ),
        _object(
            "billing_calendars", "calendar_code", "erp", _columns("calendar_code name frequency", cutoff_day=WHOLE)
        ),
        _object(
            "fx_rates",
            "from_currency to_currency rate_date rate_type",
            "erp",
            _columns("from_currency to_currency rate_type", "rate_date", rate=RATE),
        ),
        _object(
            "invoices",
            "document_id",
            "erp",
            _columns(
                "document_id document_number document_type customer_no entity_code currency status "
                "original_document_id reason_code rejection_reason delivery_status",
                "issue_date posted_date sent_date due_date rejected_date",
                "net_amount tax_amount gross_amount",
            ),
        ),
        _object(
            "invoice_lines",
            "line_id",
            "erp",
            _columns(
                "line_id document_id contract_line_ref project_ref project_code resource_email description currency "
                "product_code",
                "service_from service_to",
                "net_amount",
                quantity=QUANTITY,
                unit_price=RATE,
            ),
        ),
        _object(
            "billing_links",
            "link_id",
            "erp",
            _columns("link_id line_id item_type item_ref currency", amount="amount", quantity=QUANTITY),
        ),
        _object(
            "payments",
            "payment_id",
            "erp",
            _columns(
                "payment_id document_id customer_no currency deduction_reason",
                "payment_date",
                "amount withholding_tax deduction",
            ),
        ),
        _object(
            "revenue_schedules",
            "schedule_id",
            "erp",
            _columns(
                "schedule_id contract_line_ref book method currency",
                "period_start posted_date",
                "planned_amount recognised_amount",
            ),
        ),
        _object(
            "project_costs",
            "cost_id",
            "erp",
            _columns("cost_id project_ref project_code currency", "posted_date", "amount"),
        ),
        _object(
            "disputes",
            "dispute_id",
            "erp",
            _columns("dispute_id document_id line_id currency reason_code", "opened_date resolved_date", "amount"),
        ),
        _object(
            "write_offs",
            "write_off_id",
            "erp",
            _columns("write_off_id document_id currency reason_code approver approver_role", "posted_date", "amount"),
        ),
        _object(
            "contract_balances",
            "balance_id",
            "erp",
            _columns(
                "balance_id contract_ref book currency",
                "period_start",
                "contract_asset unbilled_receivable contract_liability loss_provision",
            ),
        ),
        _object(
            "wip_postings",
            "posting_id",
            "erp",
            _columns("posting_id contract_line_ref item_type item_ref currency book", "posted_date", "amount"),
        ),
        _object(
            "contract_values",
            "contract_item_no",
            "erp",
            _columns("contract_item_no contract_line_ref currency", amount="amount", created_at="timestamp"),
        ),
        _object(
            "change_orders",
            "amendment_no",
            "erp",
            _columns(
                "amendment_no change_order_ref contract_line_ref currency",
                amount="amount cap_amount",
                created_at="timestamp",
            ),
        ),
        _object(
            "sync_log",
            "attempt_id",
            "erp",
            _columns(
                "attempt_id record_type record_ref from_system to_system status error_class can_retry",
                attempt_no=WHOLE,
                occurred_at="timestamp",
            ),
        ),
        _object(
            "camt_entries",
            "account entry_ref detail_number",
            "bank",
            _columns(
                "account entry_ref detail_number statement_id status currency bank_code end_to_end_id "
                "counterparty_name counterparty_account remittance_text creditor_reference invoice_ref",
                "booking_date value_date",
                "amount",
                created_at="timestamp",
                is_reversal="bool",
            ),
        ),
        _object(
            "bai_transactions",
            "account transaction_ref",
            "bank",
            _columns(
                "account transaction_ref statement_id currency type_code type_description bank_reference "
                "customer_reference remittance_text",
                "as_of_date value_date",
                "amount",
                is_reversal="bool",
            ),
        ),
        RawObject(
            "manifest",
            ("path", "sha256", "status"),
            {
                "path": "text",
                "sha256": "text",
                "size": "bigint",
                "feed": "text",
                "status": "text",
                "reason": "text",
                "records": "bigint",
                "file_stamp": "timestamp",
                "modified_at": "timestamp",
            },
        ),
    )
}
"""All raw objects by name, in the order they are read; the manifest comes last and tells how every file fared."""

SUPPLEMENTARY = frozenset(
    {"disputes", "write_offs", "contract_balances", "wip_postings", "contract_values", "change_orders", "sync_log"}
)
"""Objects that a firm's tools may well not have: leaving their feeds undeclared does not make the ledger incomplete."""
