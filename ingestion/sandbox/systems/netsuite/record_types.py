"""The record types of the stand-in's record service, as views of its SuiteQL tables.

A record's field is the table's column in camel case, or a custom field under its own name. What a field is:
``text``, ``flag``, ``whole``, ``number``, ``duration``, ``date``, ``moment``, ``choice`` (an enumeration), or the name
of the record type that it refers to. SuiteQL tells debits from credits by sign; a record shows plain amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PLAIN_KINDS = frozenset({"text", "flag", "whole", "number", "duration", "date", "moment", "choice"})


@dataclass(frozen=True)
class Sublist:
    """Lines of a record: rows of ``table`` whose ``owner`` is the record's id and whose columns are as in ``only``.

    ``columns`` says where a field's column has another name; ``negated`` names fields that SuiteQL shows with the
    opposite sign.
    """

    table: str
    owner: str
    fields: Mapping[str, str]
    only: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    negated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RecordType:
    """Records of one type: rows of ``table`` whose columns are as in ``only``; ``title`` is the field with their name.

    ``columns`` and ``negated`` are those of ``Sublist``.
    """

    name: str
    table: str
    title: str
    fields: Mapping[str, str]
    only: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    sublists: Mapping[str, Sublist] = field(default_factory=dict)
    negated: frozenset[str] = frozenset()

    def column(self, name: str) -> str:
        """The column of the table that holds the field ``name``."""
        return self.columns.get(name, name.lower())


def _fields(spec: str) -> dict[str, str]:
    """``name:kind`` separated by blanks; without a kind it is text."""
    return {name: kind or "text" for name, _, kind in (part.partition(":") for part in spec.split())}


_CHANGED = "createdDate:moment lastModifiedDate:moment"
_DOCUMENT = (
    "externalId tranId tranDate:date memo currency:currency postingPeriod:accountingPeriod status:choice "
    f"approvalStatus:choice {_CHANGED}"
)
_BILLED = (
    f"{_DOCUMENT} entity:customer total:number toBePrinted:flag custbody_invoice_date:date custbody_sent_date:date "
    "custbody_credit_reason custbody_rejected_date:date custbody_rejection_reason"
)
_TOTAL = {"total": "foreigntotal"}
_ITEM_FIELDS = _fields(
    "line:whole item:serviceSaleItem description quantity:number rate:number amount:number custcol_crm_contract_line "
    "custcol_resource_email "
    "custcol_service_from:date custcol_service_to:date"
)
_LINE_COLUMNS = {"line": "id", "description": "memo", "amount": "foreignamount", "doc": "previousdoc"}
_CUSTOM = "isInactive:flag created:moment lastmodified:moment"
_ITEM_LINES = {"mainline": "F", "taxline": "F", "accountinglinetype": "INCOME"}


def _items(*negated: str) -> dict[str, Sublist]:
    lines = Sublist("transactionline", "transaction", _ITEM_FIELDS, _ITEM_LINES, _LINE_COLUMNS, frozenset(negated))
    return {"item": lines}


RECORD_TYPES: dict[str, RecordType] = {
    record.name.lower(): record
    for record in (
        RecordType(
            "subsidiary",
            "subsidiary",
            "name",
            _fields(
                "name fullName parent:subsidiary currency:currency country:choice isElimination:flag isInactive:flag "
                "lastModifiedDate:moment custrecord_time_zone"
            ),
        ),
        RecordType(
            "currency",
            "currency",
            "name",
            _fields("name symbol isBaseCurrency:flag currencyPrecision:choice isInactive:flag"),
        ),
        RecordType(
            "currencyRate",
            "currencyrate",
            "id",
            _fields(
                "transactionCurrency:currency baseCurrency:currency effectiveDate:date exchangeRate:number "
                "lastModifiedDate:moment"
            ),
        ),
        RecordType(
            "customrecord_average_rate",
            "customrecord_average_rate",
            "id",
            _fields(
                "custrecord_avg_from_currency:currency custrecord_avg_to_currency:currency custrecord_avg_date:date "
                "custrecord_avg_rate:number isInactive:flag lastmodified:moment"
            ),
        ),
        RecordType("term", "term", "name", _fields("name daysUntilNetDue:whole isInactive:flag")),
        RecordType(
            "accountingPeriod",
            "accountingperiod",
            "periodName",
            _fields(
                "periodName startDate:date endDate:date isPosting:flag isQuarter:flag isYear:flag isAdjust:flag closed:flag "
                "lastModifiedDate:moment"
            ),
        ),
        RecordType("accountingBook", "accountingbook", "name", _fields("name isPrimary:flag")),
        RecordType(
            "customer",
            "customer",
            "altName",
            _fields(
                "entityId externalId altName companyName parent:customer isPerson:flag isInactive:flag currency:currency "
                "terms:term representingSubsidiary:subsidiary custentity_merged_into:customer dateCreated:moment "
                "lastModifiedDate:moment"
            ),
        ),
        # Every account has contacts; this firm bills without them.
        RecordType("contact", "contact", "entityId", _fields("entityId email lastModifiedDate:moment")),
        RecordType(
            "job",
            "job",
            "altName",
            _fields(
                "entityId externalId altName companyName parent:customer startDate:date calculatedEndDate:date "
                "isInactive:flag dateCreated:moment lastModifiedDate:moment"
            ),
            columns={"parent": "customer"},
        ),
        RecordType(
            "billingSchedule",
            "billingschedule",
            "name",
            _fields("externalId name scheduleType:choice frequency:choice isInactive:flag custrecord_cutoff_day:whole"),
        ),
        RecordType(
            "invoice",
            "transaction",
            "tranId",
            _fields(f"{_BILLED} dueDate:date createdFrom:invoice"),
            {"type": "CustInvc"},
            _TOTAL,
            _items("quantity", "amount"),
        ),
        RecordType(
            "creditMemo",
            "transaction",
            "tranId",
            _fields(f"{_BILLED} createdFrom:invoice"),
            {"type": "CustCred"},
            _TOTAL,
            _items("quantity"),
            frozenset({"total"}),
        ),
        RecordType(
            "customerPayment",
            "transaction",
            "tranId",
            _fields(
                f"{_DOCUMENT} customer:customer payment:number custbody_withholding_tax:number "
                "custbody_deduction:number custbody_deduction_reason"
            ),
            {"type": "CustPymt"},
            {"customer": "entity", "payment": "foreigntotal"},
            {
                "apply": Sublist(
                    "nexttransactionlinelink",
                    "nextdoc",
                    _fields("doc:invoice amount:number"),
                    {"linktype": "Payment"},
                    _LINE_COLUMNS,
                )
            },
            frozenset({"payment"}),
        ),
        RecordType(
            "journalEntry",
            "transaction",
            "tranId",
            _fields(
                f"{_DOCUMENT} custbody_journal_purpose custbody_accounting_book:accountingBook "
                "custbody_written_off_invoice:invoice custbody_write_off_reason custbody_approved_by custbody_approver_role"
            ),
            {"type": "Journal"},
            sublists={
                "line": Sublist(
                    "transactionline",
                    "transaction",
                    _fields(
                        "line:whole memo entity:job amount:number custcol_crm_contract_line custcol_wip_source_type "
                        "custcol_wip_source_id"
                    ),
                    {"mainline": "F"},
                    _LINE_COLUMNS,
                )
            },
        ),
        RecordType(
            "salesOrder",
            "transaction",
            "tranId",
            _fields(f"{_DOCUMENT} entity:customer total:number"),
            {"type": "SalesOrd"},
            _TOTAL,
            _items("quantity", "amount"),
        ),
        RecordType(
            "serviceSaleItem",
            "item",
            "itemId",
            _fields(f"itemId displayName isInactive:flag {_CHANGED}"),
        ),
        RecordType(
            "customrecord_invoice_dispute",
            "customrecord_invoice_dispute",
            "id",
            _fields(
                "custrecord_dispute_invoice:invoice custrecord_dispute_line custrecord_dispute_amount:number "
                "custrecord_dispute_currency:currency custrecord_dispute_reason custrecord_dispute_opened:date "
                f"custrecord_dispute_resolved:date {_CUSTOM}"
            ),
        ),
        RecordType(
            "customrecord_change_order",
            "customrecord_change_order",
            "id",
            _fields(
                "custrecord_co_crm_id custrecord_co_crm_contract_line custrecord_co_amount:number "
                f"custrecord_co_cap_amount:number custrecord_co_currency:currency {_CUSTOM}"
            ),
        ),
        RecordType(
            "customrecord_contract_balance",
            "customrecord_contract_balance",
            "id",
            _fields(
                "custrecord_cb_crm_contract custrecord_cb_period:accountingPeriod custrecord_cb_book:accountingBook "
                "custrecord_cb_contract_asset:number custrecord_cb_unbilled:number custrecord_cb_liability:number "
                f"custrecord_cb_loss_provision:number custrecord_cb_currency:currency {_CUSTOM}"
            ),
        ),
        RecordType(
            "customrecord_integration_log",
            "customrecord_integration_log",
            "id",
            _fields(
                "custrecord_log_record_type custrecord_log_record_id custrecord_log_from custrecord_log_to "
                "custrecord_log_attempt:whole custrecord_log_status custrecord_log_error custrecord_log_transient:flag "
                f"custrecord_log_occurred:moment {_CUSTOM}"
            ),
        ),
        RecordType(
            "timeBill",
            "timebill",
            "id",
            _fields(
                "externalId customer:job tranDate:date hours:duration isBillable:flag approvalStatus:choice memo "
                f"{_CHANGED}"
            ),
        ),
        RecordType(
            "charge",
            "charge",
            "id",
            _fields(
                "billTo:customer chargeDate:date chargeType:choice stage:choice use:choice quantity:number amount:number "
                "currency:currency timeRecord:timeBill invoice:invoice invoiceLine creditMemo:creditMemo creditMemoLine "
                f"custrecord_charge_source_type custrecord_charge_source_id {_CHANGED}"
            ),
        ),
    )
}
