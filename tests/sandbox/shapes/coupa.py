"""Coupa's suppliers, purchase orders and invoices as Coupa publishes them, as far as they are read here.

Source: Coupa's own Swagger exports of release R39 (Core Platform: Supplier; Purchasing: OrderHeader, OrderLine,
OrderLineAllocation; Invoicing: InvoiceHeader, InvoiceLine, InvoiceLineAllocation, Approval, Account), as mirrored in the
repository TimTini/coupa-compass-integration-docs. The documentation adds what these leave open: in JSON decimals are
text, moments carry the company's offset, and custom fields stand under ``custom-fields``.
"""

from __future__ import annotations

from tests.sandbox.shapes.shape import listed, one_of, record

_STAMPS = "created-at updated-at"
_OWN = "id created-at updated-at"
_CUSTOM = {"custom-fields": {"type": "object"}}
_PERSON = record(
    text="login email employee-number firstname lastname fullname salesforce-id avatar-thumb-url",
    whole="id",
    moment=_STAMPS,
)
_BY = {"created-by": _PERSON, "updated-by": _PERSON}
_CURRENCY = record(required="code", whole="id decimals", text="code name symbol", flag="enabled")
_ACCOUNT_TYPE = record(
    whole="id",
    text="name legal-entity-name",
    flag="active dynamic-flag",
    moment=_STAMPS,
    nested={"currency": _CURRENCY},
)
_ACCOUNT = record(
    required="id code",
    whole="id account-type-id",
    text="name code " + " ".join(f"segment-{n}" for n in range(1, 21)),
    flag="active",
    moment=_STAMPS,
    nested={"account-type": _ACCOUNT_TYPE, **_BY},
)
_PERIOD = record(whole="id", text="name")
_ALLOCATION = record(
    required="id account amount pct",
    whole="id",
    decimal="amount pct",
    text="billing-note",
    moment=_STAMPS,
    nested={"account": _ACCOUNT, "period": _PERIOD, **_BY},
)
_ACCOUNTING = {"account": _ACCOUNT, "account-allocations": listed(_ALLOCATION)}
_METHODS = one_of("cxml", "xml", "email", "prompt", "mark_as_sent", "buy_online")

SUPPLIER = record(
    required=f"{_OWN} name status",
    whole="id",
    text="name display-name number account-number tax-id duns website payment-method",
    flag="on-hold one-time-supplier buyer-hold",
    moment=_STAMPS,
    nested={
        "status": one_of("active", "inactive", "draft"),
        "po-method": _METHODS,
        "invoice-matching-level": one_of("2-way", "3-way", "3-way-direct", "none"),
        **_BY,
        **_CUSTOM,
    },
)
# A document names its supplier by the whole record or, as configured here, by id and name.
_SUPPLIER = record(required="id name", whole="id", text="name display-name number status")

_TEXTS, _DECIMALS = "description source-part-num", "quantity price total"

ORDER_LINE = record(
    required=f"{_OWN} type total account-allocations",
    whole="id order-header-id version sub-line-num",
    text=f"order-header-number line-num external-reference-number status {_TEXTS}",
    decimal=f"{_DECIMALS} invoiced received accounting-total reporting-total",
    flag="receipt-required invoice-stop",
    moment=f"{_STAMPS} need-by-date",
    nested={
        "type": one_of("OrderQuantityLine", "OrderAmountLine"),
        "service-type": one_of("resource", "quantity_deliverable", "amount_deliverable", "non_service"),
        "currency": _CURRENCY,
        **_ACCOUNTING,
        **_BY,
        **_CUSTOM,
    },
)
ORDER = record(
    required=f"{_OWN} po-number status supplier currency order-lines",
    whole="id version internal-revision",
    text="po-number payment-method",
    flag="exported invoice-stop acknowledged-flag",
    moment=f"{_STAMPS} last-exported-at acknowledged-at",
    nested={
        "status": one_of(
            "buyer_hold", "cancelled", "closed", "currency_hold", "draft", "error", "expensed", "issued", "supplier_hold",
            "supplier_window_hold", "exported",
        ),
        "transmission-status": one_of(
            "created", "deferred", "deferred_processing", "pending_manual", "pending_manual_cancel",
            "awaiting_online_purchase", "scheduled_for_email", "sent_via_email", "scheduled_for_cxml", "scheduled_for_xml",
            "sent_via_cxml", "sent_via_xml", "sent_manually", "purchased_online", "transmission_failure",
        ),
        "type": one_of("ExternalOrderHeader"),
        "supplier": _SUPPLIER,
        "currency": _CURRENCY,
        "order-lines": listed(ORDER_LINE),
        **_BY,
        **_CUSTOM,
    },
)  # fmt: skip
INVOICE_LINE = record(
    required=f"{_OWN} line-num type total account-allocations",
    whole="id line-num order-line-id",
    text=f"po-number order-header-num order-line-num billing-note category subcategory status unspsc {_TEXTS}",
    decimal=f"{_DECIMALS} accounting-total net-weight",
    moment=_STAMPS,
    nested={
        "type": one_of("InvoiceQuantityLine", "InvoiceAmountLine"),
        "adjustment-type": one_of("price", "quantity", "other"),
        "currency": _CURRENCY,
        "period": _PERIOD,
        **_ACCOUNTING,
        **_BY,
        **_CUSTOM,
    },
)
APPROVAL = record(
    required=f"{_OWN} status",
    whole="id position approvable-id approver-id approval-chain-id",
    text="status approvable-type approver-type note type",
    flag="holdable",
    moment=f"{_STAMPS} approval-date",
    nested={"approved-by": _PERSON, **_BY},
)
INVOICE = record(
    required=f"{_OWN} invoice-number invoice-date status supplier currency invoice-lines approvals",
    whole="id",
    text="channel internal-note credit-reason original-invoice-number payment-channel",
    decimal="gross-total total-with-taxes tax-amount exchange-rate handling-amount discount-amount amount-due",
    flag="is-credit-note canceled paid line-level-taxation exported compliant",
    moment=f"{_STAMPS} invoice-date date-received delivery-date net-due-date payment-date last-exported-at "
    "original-invoice-date",
    nested={
        "invoice-number": {"type": "string", "maxLength": 40},
        "document-type": one_of("Invoice", "Credit Note"),
        "status": one_of(
            "new", "ap_hold", "draft", "on_hold", "pending_receipt", "rejected", "abandoned", "disputed",
            "pending_approval", "booking_hold", "pending_action", "approved", "voided", "processing", "invalid",
            "payable_adjustment",
        ),
        "supplier": _SUPPLIER,
        "currency": _CURRENCY,
        "invoice-lines": listed(INVOICE_LINE),
        "approvals": listed(APPROVAL),
        **_BY,
        **_CUSTOM,
    },
)  # fmt: skip

TOKEN = record(required="access_token token_type expires_in", text="access_token token_type scope", whole="expires_in")
TOKEN_ERROR = record(required="error", text="error error_description")
ERROR = record(
    required="errors",
    nested={"errors": {"type": "object", "additionalProperties": listed({"type": "string"}), "minProperties": 1}},
)
